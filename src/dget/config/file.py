"""`config.toml`: where it is, what it sets, and on which line."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from dget.config.hosts import HostSettings
from dget.config.kinds import Misfit
from dget.config.settings import Settings
from dget.config.table import read_table
from dget.errors import UsageError

NAME = "config.toml"
_LINE = r"line (\d+)"
_HEADER = r"\s*(\[\[?[^\]\"']*(?:(?:\"[^\"]*\"|'[^']*')[^\]\"']*)*\]\]?)"
_KEY = r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*="


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True):
    """path: where it is, or would be; values: of the Settings' fields that it sets; lines: the line of each key."""

    path: Path
    exists: bool = False
    values: Mapping[str, Any] = msgspec.field(default_factory=dict)
    lines: Mapping[tuple[str, ...], int] = msgspec.field(default_factory=dict)

    def line(self, key: str) -> int:
        """Where the file first speaks of it."""
        return line_of(self.lines, (key,))


def config_path(environment: Mapping[str, str]) -> Path:
    """`DGET_CONFIG`, else where the operating system keeps programs' settings. Raises UsageError: no home folder."""
    if chosen := environment.get("DGET_CONFIG"):
        return Path(chosen).expanduser()
    if xdg := environment.get("XDG_CONFIG_HOME"):
        return Path(xdg) / "dget" / NAME
    if sys.platform == "win32" and (roaming := environment.get("APPDATA")):
        return Path(roaming) / "dget" / NAME
    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError("there is no home folder for the configuration", hint="set DGET_CONFIG to a file") from error
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "dget" / NAME
    return home / ".config" / "dget" / NAME


def read_config(environment: Mapping[str, str]) -> ConfigFile:
    """What the file sets; nothing where there is none.

    Raises UsageError, with file and line, for what is no TOML, a key that dget does not know or a value that it
    cannot have; and where DGET_CONFIG names a file that cannot be read.
    """
    try:
        path = config_path(environment)
    except UsageError:
        # Without a home folder there is none to look for.
        return ConfigFile(path=Path(NAME))
    try:
        content = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        if not environment.get("DGET_CONFIG"):
            return ConfigFile(path=path)
        raise UsageError(f"there is no file {path}", hint="DGET_CONFIG names it") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "it is not UTF-8"
        raise UsageError(
            f"cannot read {path}: {reason}", hint="move it away, or name another in DGET_CONFIG"
        ) from error
    import tomllib

    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        said, _, place = str(error).rpartition(" (at ")
        line = found[1] if (found := re.match(_LINE, place)) else content.count("\n") + 1
        raise UsageError(
            f"{path} line {line}: this is no TOML: {said}", hint="https://toml.io shows how it is written"
        ) from error
    lines = lines_of(content)
    try:
        values = read_table(Settings, table)
    except Misfit as wrong:
        raise UsageError(
            f"{path} line {line_of(lines, wrong.path)}: {_dotted(wrong.path)} {wrong}",
            hint=wrong.hint or "correct that line; # before it leaves it out",
        ) from None
    folder = path.absolute().parent
    values = {name: _anchored(value, folder) for name, value in values.items()}
    return ConfigFile(path=path, exists=True, values=values, lines=lines)


def _anchored(value: Any, folder: Path) -> Any:
    """A path in the file begins at the file's folder, whatever folder dget is run in."""
    match value:
        case Path():
            return folder / value
        case HostSettings(ca_file=Path() as ca_file):
            return replace(value, ca_file=folder / ca_file)
        case tuple():
            return tuple(_anchored(one, folder) for one in value)
    return value


def lines_of(content: str) -> dict[tuple[str, ...], int]:
    """The line, from 1, of each table's header and each key: tomllib tells none. For valid TOML."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(content.splitlines(), 1):
        if header := re.match(_HEADER, line):
            table = _path_of(header[1])
            found.setdefault(table, number)
        elif key := re.match(_KEY, line):
            found.setdefault((*table, *_path_of(f"{key[1]} = 0")), number)
    return found


def line_of(lines: Mapping[tuple[str, ...], int], path: Sequence[str]) -> int:
    """Of the key, of the first one below it, or of the innermost table around it: the first of these that there is."""
    for end in range(len(path), 0, -1):
        wanted = tuple(path[:end])
        if below := [line for key, line in lines.items() if key[:end] == wanted]:
            return min(below)
    return 1


def _path_of(written: str) -> tuple[str, ...]:
    """The keys that one header or one assignment leads through."""
    import tomllib

    try:
        value: Any = tomllib.loads(written)
    except tomllib.TOMLDecodeError:
        # A line of a text of several lines may look like one.
        return ()
    path: list[str] = []
    while isinstance(value, dict) and value:
        key, value = next(iter(value.items()))
        path.append(key)
        if isinstance(value, list):
            break
    return tuple(path)


def _dotted(path: Sequence[str]) -> str:
    return ".".join(key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'"{key}"' for key in path)
