"""Bytes that are read at any place: of a plain file, or of one in stored gzip."""

import io
import sys
from pathlib import Path
from typing import Any, Protocol

from dget.codec.files import PositionalFile
from dget.codec.scratch_folder import ScratchFolder
from dget.codec.stored_gzip import BLOCK, FILE_HEADER, block_header, gzip_size, place


class Readable(Protocol):
    """`size` bytes. Reads may come from several threads at once; they raise StorageError."""

    size: int

    def read_at(self, at: int, size: int) -> bytes:
        """Up to `size` bytes from byte `at` on; fewer at the end alone."""
        ...

    def close(self) -> None: ...


class PlainFile:
    """Raises StorageError where the file cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._file = PositionalFile(path)
        self.size = path.stat().st_size

    def read_at(self, at: int, size: int) -> bytes:
        return self._file.read_at(at, max(0, min(size, self.size - at)))

    def close(self) -> None:
        self._file.close()


class ScratchFile(PlainFile):
    """A file in a folder that goes when it is closed, or at once where the system lets an open file go."""

    def __init__(self, path: Path, folder: ScratchFolder) -> None:
        super().__init__(path)
        self._folder = folder
        if sys.platform != "win32":
            folder.remove()

    def close(self) -> None:
        super().close()
        self._folder.remove()


class StoredGzipFile:
    """What a gzip file of stored blocks holds, as dget writes it: nothing needs to be unpacked."""

    def __init__(self, path: Path, size: int) -> None:
        self._file = PositionalFile(path)
        self.size = size

    @classmethod
    def open(cls, path: Path) -> "StoredGzipFile | None":
        """None unless every block's header is in its place; the crc32 at the end is not looked at."""
        whole = path.stat().st_size
        size = _unpacked_size(whole)
        if size is None:
            return None
        found = cls(path, size)
        if found._is_stored():
            return found
        found.close()
        return None

    def read_at(self, at: int, size: int) -> bytes:
        left = max(0, min(size, self.size - at))
        pieces: list[bytes] = []
        while left:
            count = min(left, BLOCK - at % BLOCK)
            piece = self._file.read_at(place(at), count)
            pieces.append(piece)
            if len(piece) < count:
                break
            at, left = at + count, left - count
        return b"".join(pieces)

    def close(self) -> None:
        self._file.close()

    def _is_stored(self) -> bool:
        if self._file.read_at(0, len(FILE_HEADER)) != FILE_HEADER:
            return False
        blocks = range(-(-self.size // BLOCK))
        return all(
            self._file.read_at(place(block * BLOCK) - 5, 5) == block_header(block, self.size) for block in blocks
        )


def _unpacked_size(whole: int) -> int | None:
    """Of a file of stored blocks that has `whole` bytes."""
    around = gzip_size(0)
    blocks = -(-(whole - around + 5) // (BLOCK + 5))
    size = whole - around + 5 - blocks * 5
    return size if size > 0 and gzip_size(size) == whole else None


class Stream(io.RawIOBase):
    """Part of a Readable, from byte `start` to `stop`-1, as a stream."""

    def __init__(self, source: Readable, start: int, stop: int) -> None:
        self._source = source
        self._at = start
        self._stop = stop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._source.read_at(self._at, min(len(view), self._stop - self._at))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
