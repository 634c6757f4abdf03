"""What of an unfinished file is there: the record from which a later run goes on.

A record is a claim, not a proof: the bytes are read again and their crc32 compared before they are counted on.
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from dget.codec.files import sync_folder
from dget.codec.room import taken
from dget.codec.storage_errors import FULL, disk_errors


class Record(NamedTuple):
    """Bytes start to stop-1 of a blob, their crc32, and which host gave them, where there was a choice."""

    start: int
    stop: int
    crc32: int
    source: str = ""


class _Document(msgspec.Struct):
    identity: str
    blobs: dict[str, tuple[Record, ...]]


class Ledger:
    """identity: what the file is to become; a ledger of another identity is not ours to go on from."""

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        self._identity = identity
        self._blobs: dict[str, Sequence[Record]] = {}

    @property
    def recorded(self) -> bool:
        """Whether it says of anything that it is there."""
        return any(self._blobs.values())

    def read(self) -> Mapping[str, Sequence[Record]] | None:
        """Records by blob; empty where there is no ledger that can be read, None where it is another file's."""
        try:
            document = msgspec.json.decode(self._path.read_bytes(), type=_Document)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        if document.identity != self._identity:
            return None
        self._blobs = dict(document.blobs)
        return document.blobs

    def exists(self) -> bool:
        return self._path.exists()

    def begin(self) -> None:
        """With nothing, whatever there was: whoever finds the file from now on knows what it is. Raises StorageError."""
        self._blobs = {}
        self.write({}, sync=False)

    def write(self, blobs: Mapping[str, Sequence[Record]], *, sync: bool) -> None:
        """What it says of other blobs, whose turn may not have come yet, stays. sync: wait until the disk has it.

        Raises StorageError.
        """
        all_of_them = {**self._blobs, **blobs}
        told = {name: tuple(records) for name, records in all_of_them.items() if records}
        document = _Document(identity=self._identity, blobs=told)
        data = msgspec.json.encode(document)
        with disk_errors(self._path, "write", need=lambda: len(data)):
            part = self._path.with_name(f"{self._path.name}.new")
            try:
                with part.open("wb") as file:
                    file.write(data)
                    file.flush()
                    if sync:
                        os.fsync(file.fileno())
                part.replace(self._path)
                if sync:
                    sync_folder(self._path.parent)
            except OSError as error:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
                if error.errno not in FULL or not self._fits(data):
                    raise
                self._write_over(data)
        self._blobs = all_of_them

    def _fits(self, data: bytes) -> bool:
        """Whether the blocks that the record has hold these bytes too."""
        return len(data) <= taken(self._path)

    def _write_over(self, data: bytes) -> None:
        """On a full disk, where there is no room for a second one. One that was cut meanwhile counts as none."""
        with self._path.open("r+b") as file:
            file.write(data)
            file.truncate()

    def remove(self) -> None:
        """Raises OSError."""
        self._path.unlink(missing_ok=True)
