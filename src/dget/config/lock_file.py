"""Which digests tags stood for when they were first pulled, in a file that a person keeps and may edit.

{"version": 1, "images": {"docker.io/library/alpine:3.20": "sha256:…"}}
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from dget.codec import FileLock, disk_errors
from dget.codec.whole_file import write_durably
from dget.errors import StorageError, UsageError
from dget.model import Digest, Reference

_VERSION = 1
_SIZE_MAX = 16 << 20
_LOCKED_FOR_MAX = 5.0
_HINT = "see to its folder and its permissions, or name another file with --lock"
_AT = r" \(byte (\d+)\)$"


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    images: dict[str, str]


class LockFile:
    """Read anew by every call: others may add to it meanwhile. Each raises StorageError, and UsageError where the file
    is not of this form. A file that is not there yet names nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def check(self) -> None:
        """Whether it is of use, before anything is asked."""
        self._read()
        folder = self.path.resolve().parent
        if not self.path.exists() and not os.access(folder, os.W_OK):
            raise StorageError(f"cannot write {self.path}: {folder} is no folder that takes files", hint=_HINT)

    def digest(self, reference: Reference) -> Digest | None:
        """What its tag stood for; None where the file does not know it."""
        return self._read().get(reference.archive_name)

    def add(self, reference: Reference, digest: Digest) -> Digest:
        """What the file says of this tag from now on: what it says already stays."""
        # People keep it elsewhere and link to it: the link stays.
        target = self.path.resolve()
        with disk_errors(self.path, "write", hint=_HINT):
            lock = FileLock.take(target.with_name(f"{target.name}.lock"), within=_LOCKED_FOR_MAX)
        try:
            images = {reference.archive_name: digest, **self._read()}
            content = {"version": _VERSION, "images": {name: str(images[name]) for name in sorted(images)}}
            with disk_errors(self.path, "write", hint=_HINT):
                write_durably(target, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
        finally:
            lock.release()
        return images[reference.archive_name]

    def _read(self) -> Mapping[str, Digest]:
        try:
            with disk_errors(self.path, "read", hint=_HINT), self.path.open("rb") as file:
                data = file.read(_SIZE_MAX + 1)
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return {}
            raise
        if len(data) > _SIZE_MAX:
            raise self._wrong(f"larger than {_SIZE_MAX >> 20} MB")
        try:
            content = msgspec.json.decode(data, type=_Content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._wrong(_with_line(str(error), data)) from error
        if content.version != _VERSION:
            raise self._wrong(f"of version {content.version}, and dget knows {_VERSION}")
        return {name: self._digest_of(name, text) for name, text in content.images.items()}

    def _digest_of(self, name: str, text: str) -> Digest:
        try:
            full = Reference.parse(name)
        except UsageError as error:
            raise self._wrong(error.message) from error
        if full.digest or full.archive_name != name:
            raise self._wrong(f"{name!r} is to be written {replace(full, digest=None).archive_name!r}")
        try:
            return Digest.parse(text)
        except ValueError:
            raise self._wrong(f"{text!r} of {name!r} is no digest") from None

    def _wrong(self, why: str) -> UsageError:
        return UsageError(f"{self.path} is no lock file: {why}", hint="mend it, or remove it to have it written anew")


def _with_line(said: str, data: bytes) -> str:
    """Where a byte's number is told, its line and column in its place, as editors count them."""
    if (found := re.search(_AT, said)) is None:
        return said
    before = data[: int(found[1])]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return f"{said[: found.start()]} (line {line}, column {column})"
