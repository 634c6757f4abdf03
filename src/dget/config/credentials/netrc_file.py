"""What `~/.netrc` knows, which curl, git and many others read.

Source: the GNU inetutils manual, "The .netrc file", and everything.curl.dev; ports are dget's addition.
"""

import re
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from dget.config.credentials.bounded import read_bounded
from dget.config.credentials.places import home_folder
from dget.config.credentials.server_names import normal_key
from dget.errors import UsageError
from dget.protocol.auth import Credential

_WORD = r'\s*(?:"(?P<quoted>(?:[^"\\\n]|\\.)*)"|(?P<plain>\S+))'
_BLANK_LINE = r"\n[ \t\r]*(?=\n|\Z)"


class Netrc:
    """Read when it is first asked. place: for people."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._paths = netrc_paths(environment)
        self.place = " or ".join(map(str, self._paths)) or ".netrc"

    def find(self, domain: str, repository: str) -> Credential | None:  # noqa: ARG002 - it knows hosts alone
        """For `machine host:port`, else `machine host`. Raises UsageError, StorageError.

        `default` does not count: it is for anonymous FTP, and would be refused by every registry.
        """
        for name in (normal_key(domain), _without_port(normal_key(domain))):
            for path, machines in self._machines:
                if found := machines.get(name):
                    return Credential(username=found[0], password=found[1], source=f"{path}, machine {name}")
        return None

    @cached_property
    def _machines(self) -> list[tuple[Path, dict[str, tuple[str, str]]]]:
        return [(path, found) for path in self._paths if (found := read_machines(path))]


def netrc_paths(environment: Mapping[str, str]) -> list[Path]:
    if chosen := environment.get("NETRC"):
        return [Path(chosen)]
    home = home_folder(environment)
    if home is None:
        return []
    names = (".netrc", "_netrc") if sys.platform == "win32" else (".netrc",)
    return [home / name for name in names]


def read_machines(path: Path) -> dict[str, tuple[str, str]]:
    """Login and password by machine, those that have both. Raises UsageError, StorageError."""
    data = read_bounded(path) or b""
    try:
        words = _Words(data.decode())
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8", hint="save it in UTF-8") from None
    machines: dict[str, tuple[str, str]] = {}
    fields: dict[str, str] = {}
    name = ""
    while (word := words.next()) is not None:
        match word:
            case "machine" | "default":
                _add(machines, name, fields)
                name, fields = words.value() if word == "machine" else "", {}
            case "login" | "user" | "password" | "account":
                fields["login" if word == "user" else word] = words.value()
            case "macdef":
                words.skip_macro()
            case _ if word.startswith("#"):
                words.skip_line()
            case _:
                # The word is not shown: it may be a part of a password.
                raise UsageError(
                    f"{path}, line {words.line} cannot be read as a netrc file",
                    hint="it holds: machine HOST login NAME password WORD; a word with spaces stands in quotation marks",
                )
    _add(machines, name, fields)
    return machines


def _add(machines: dict[str, tuple[str, str]], name: str, fields: Mapping[str, str]) -> None:
    """Of several entries for a machine the first one counts."""
    login, password = fields.get("login"), fields.get("password")
    if name and login and password:
        machines.setdefault(normal_key(name), (login, password))


class _Words:
    """The words of a file one after the other. As curl reads it, a backslash means something in quotation marks only."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def next(self) -> str | None:
        """None at the end."""
        found = re.compile(_WORD).match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found["plain"] or re.sub(r"\\(.)", r"\1", found["quoted"])

    def value(self) -> str:
        return self.next() or ""

    def skip_line(self) -> None:
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def skip_macro(self) -> None:
        """To the blank line with which it ends."""
        end = re.compile(_BLANK_LINE).search(self._text, self._at)
        self._at = end.end() if end else len(self._text)


def _without_port(name: str) -> str:
    return name if name.endswith("]") else name.rsplit(":", 1)[0]
