"""Where a blob's bytes lie: in a file of its own, or within an archive."""

from collections.abc import Sequence
from typing import Protocol

from dget.codec.files import PositionalFile


class Region(Protocol):
    """`size` bytes that are written in any order, by many threads at once, and can be read back.

    Its methods raise StorageError.
    """

    size: int

    def write(self, at: int, buffers: Sequence[bytes | memoryview]) -> None: ...

    def read_into(self, at: int, buffer: memoryview) -> int: ...

    def clone(self, file: PositionalFile, size: int) -> bool:
        """The first `size` bytes of `file`, without copying one, where the file system shares extents; whether it did."""
        ...

    def seal(self, crc32: int) -> None:
        """Says that every byte is there and verified. crc32: of all of them."""
        ...


class FileRegion:
    """Contiguous bytes of a file, from `offset` on."""

    def __init__(self, file: PositionalFile, offset: int, size: int) -> None:
        self.size = size
        self.crc32: int | None = None
        self._file = file
        self._offset = offset

    def write(self, at: int, buffers: Sequence[bytes | memoryview]) -> None:
        self._file.write_at(self._offset + at, buffers)

    def read_into(self, at: int, buffer: memoryview) -> int:
        return self._file.read_into(self._offset + at, [buffer[: self.size - at]])

    def clone(self, file: PositionalFile, size: int) -> bool:
        return self._file.clone_from(file, self._offset, size)

    def seal(self, crc32: int) -> None:
        self.crc32 = crc32
