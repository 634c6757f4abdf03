"""A configuration file of somebody's: its text, and errors that name the file and the line."""

import re
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from dget.errors import UsageError

T = TypeVar("T")

_HINT = "correct it, or leave it out of account: docs/mirrors.md names the variable for that"
_TOML_PLACE = r"\s*\(at line (\d+), column \d+\)"
# msgspec says where: `… - at `$.registry[0].insecure``.
_WRONG_TYPE = r"(?P<what>.*) - at `\$(?P<place>.*)`"
_KEY = r"[A-Za-z][\w-]*"


class ConfigFile(msgspec.Struct, frozen=True):
    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """None where there is no such file. Raises UsageError where it cannot be read."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise UsageError(f"{path}, line {line}: not UTF-8 text", hint=_HINT) from error
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}", hint=_HINT) from error

    def toml(self, shape: type[T]) -> T:
        """Raises UsageError where it is no TOML, or a value is of another type than `shape` says."""
        import tomllib

        try:
            content = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(_TOML_PLACE, str(error))
            # Without a place it is the end of the file.
            line = int(place[1]) if place else self.text.count("\n") + 1
            what = re.sub(_TOML_PLACE, "", str(error)).removesuffix(" (at end of document)")
            raise self._wrong_at(line, what) from error
        except RecursionError as error:
            raise self._wrong_at(1, "nested too deep") from error
        return self._shaped(content, shape)

    def json(self, shape: type[T]) -> T:
        """As `toml`; an empty file is an empty object."""
        try:
            content = msgspec.json.decode(self.text or "{}")
        except msgspec.DecodeError as error:
            found = re.search(r"byte (\d+)", str(error))
            before = self.text.encode()[: int(found[1])] if found else self.text.encode()
            what = re.sub(r"JSON is malformed: | \(byte \d+\)", "", str(error))
            raise self._wrong_at(before.count(b"\n") + 1, what) from error
        except RecursionError as error:
            raise self._wrong_at(1, "nested too deep") from error
        return self._shaped(content, shape)

    def wrong(self, what: str, *near: str, hint: str | None = None) -> UsageError:
        """The error for a value that makes no sense. near: texts, the first of which that is found gives the line."""
        for text in filter(None, near):
            for number, line in enumerate(self.text.splitlines(), 1):
                if text in line and not line.lstrip().startswith("#"):
                    return self._wrong_at(number, what, hint)
        return self._wrong_at(1, what, hint)

    def _shaped(self, content: object, shape: type[T]) -> T:
        try:
            return msgspec.convert(content, shape)
        except msgspec.ValidationError as error:
            found = re.fullmatch(_WRONG_TYPE, str(error))
            if found is None:
                raise self._wrong_at(1, str(error)) from error
            keys = re.findall(_KEY, found["place"])
            name = keys[-1] if keys else ""
            what = found["what"].replace("`", "")
            raise self.wrong(f"{name}: {what}" if name else what, f"{name} =", f'"{name}"', name) from error

    def _wrong_at(self, line: int, what: str, hint: str | None = None) -> UsageError:
        return UsageError(f"{self.path}, line {line}: {what}", hint=hint or _HINT)
