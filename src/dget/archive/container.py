"""What stands around a tar in its file: nothing, or stored gzip. Either way each byte's place is known beforehand."""

from collections.abc import Callable
from typing import Protocol

from dget.codec import FileRegion, PositionalFile, Region, stored_gzip


class ChecksummedRegion(Region, Protocol):
    """crc32: of its bytes, once it is sealed."""

    crc32: int | None


class Container(Protocol):
    """size: bytes of the whole file."""

    size: int

    def region(self, file: PositionalFile, offset: int, size: int) -> ChecksummedRegion:
        """Where `size` bytes of the tar belong, from its byte `offset` on."""
        ...

    def complete(self, file: PositionalFile, crc32: Callable[[], int]) -> None:
        """Writes what is left when the tar is there. crc32: of the whole tar."""
        ...


class PlainContainer:
    def __init__(self, tar_size: int) -> None:
        self.size = tar_size

    def region(self, file: PositionalFile, offset: int, size: int) -> FileRegion:
        return FileRegion(file, offset, size)

    def complete(self, file: PositionalFile, crc32: Callable[[], int]) -> None:
        """Nothing is left."""


class StoredGzipContainer:
    def __init__(self, tar_size: int) -> None:
        self._tar_size = tar_size
        self.size = stored_gzip.gzip_size(tar_size)

    def region(self, file: PositionalFile, offset: int, size: int) -> stored_gzip.GzipRegion:
        return stored_gzip.GzipRegion(file, offset, size, self._tar_size)

    def complete(self, file: PositionalFile, crc32: Callable[[], int]) -> None:
        tail = stored_gzip.trailer(crc32(), self._tar_size)
        file.write_at(0, [stored_gzip.FILE_HEADER])
        file.write_at(self.size - len(tail), [tail])
