"""What `~/.netrc` knows, which curl, git and many others read.

Source: the GNU inetutils manual, "The .netrc file"; ports are dget's addition.
"""

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from dget.config.credentials.bounded import read_bounded
from dget.config.credentials.places import home_folder
from dget.config.credentials.server_names import normal_key
from dget.errors import UsageError
from dget.protocol.auth import Credential


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
    import netrc

    # Also says whether it may be read and is no giant, before the library opens it.
    if not read_bounded(path):
        return {}
    try:
        entries = netrc.netrc(str(path)).hosts
    except (netrc.NetrcParseError, ValueError) as error:
        # The error's own words may quote what stands there.
        line = f", line {error.lineno}" if isinstance(error, netrc.NetrcParseError) and error.lineno else ""
        raise UsageError(
            f"{path}{line} cannot be read as a netrc file", hint="it holds: machine HOST login NAME password WORD"
        ) from None
    return {
        normal_key(name): (login, password)
        for name, (login, _, password) in entries.items()
        if name != "default" and login and password
    }


def _without_port(name: str) -> str:
    return name if name.endswith("]") else name.rsplit(":", 1)[0]
