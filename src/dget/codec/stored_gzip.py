"""gzip without compression: the place of every byte is known before the first is written.

A member of stored deflate blocks (RFC 1951 section 3.2.4), each of 65,535 bytes but the last. A block's header is
written together with its first byte, by whoever writes that.
"""

import struct
from collections.abc import Iterator, Sequence

from dget.codec.files import PositionalFile

BLOCK = 65535
_BLOCK_HEADER = 5
# RFC 1952: deflate, no name, no time, written by an unknown system.
FILE_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_TRAILER = 8


def gzip_size(size: int) -> int:
    """Bytes of the gzip file that holds `size` bytes."""
    return len(FILE_HEADER) + _blocks(size) * _BLOCK_HEADER + size + _TRAILER


def trailer(crc32: int, size: int) -> bytes:
    return struct.pack("<II", crc32, size & 0xFFFFFFFF)


def block_header(block: int, size: int) -> bytes:
    """Of the given block, in a member of `size` bytes."""
    length = min(BLOCK, size - block * BLOCK)
    final = block == _blocks(size) - 1
    return struct.pack("<BHH", final, length, length ^ 0xFFFF)


def place(at: int) -> int:
    """Where byte `at` lies in the file."""
    return len(FILE_HEADER) + (at // BLOCK + 1) * _BLOCK_HEADER + at


def _blocks(size: int) -> int:
    return max(1, -(-size // BLOCK))


class GzipRegion:
    """`size` bytes from byte `offset` on of a stored member of `whole` bytes."""

    def __init__(self, file: PositionalFile, offset: int, size: int, whole: int) -> None:
        self.size = size
        self.crc32: int | None = None
        self._file = file
        self._offset = offset
        self._whole = whole

    def write(self, at: int, buffers: Sequence[bytes | memoryview]) -> None:
        start = self._offset + at
        woven: list[bytes | memoryview] = []
        for position, piece in _by_block(start, buffers):
            if position % BLOCK == 0:
                woven.append(block_header(position // BLOCK, self._whole))
            woven.append(piece)
        if woven:
            header = _BLOCK_HEADER if start % BLOCK == 0 else 0
            self._file.write_at(place(start) - header, woven)

    def read_into(self, at: int, buffer: memoryview) -> int:
        """Block headers on the way that are not as they must be are written anew: no digest covers them."""
        start = self._offset + at
        woven: list[memoryview] = []
        headers: list[tuple[int, memoryview]] = []
        for position, piece in _by_block(start, [buffer[: self.size - at]]):
            if position % BLOCK == 0:
                header = memoryview(bytearray(_BLOCK_HEADER))
                headers.append((position, header))
                woven.append(header)
            woven.append(piece)
        before = _BLOCK_HEADER if start % BLOCK == 0 else 0
        count = self._file.read_into(place(start) - before, woven)
        for position, header in headers:
            right = block_header(position // BLOCK, self._whole)
            if header != right:
                self._file.write_at(place(position) - _BLOCK_HEADER, [right])
        return max(0, count - _BLOCK_HEADER * len(headers))

    def clone(self, file: PositionalFile, size: int) -> bool:  # noqa: ARG002 - Region's shape
        """Never: block headers stand between the bytes."""
        return False

    def seal(self, crc32: int) -> None:
        self.crc32 = crc32


def _by_block(start: int, buffers: Sequence[bytes | memoryview]) -> Iterator[tuple[int, memoryview]]:
    """Positions and pieces of `buffers`, cut where a block ends."""
    position = start
    for buffer in buffers:
        view = memoryview(buffer)
        while view:
            piece = view[: BLOCK - position % BLOCK]
            yield position, piece
            position += len(piece)
            view = view[len(piece) :]
