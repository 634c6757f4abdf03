"""gzip without compression: the place of every byte is known before the first is written.

A member of stored deflate blocks (RFC 1951 section 3.2.4), each of 65,535 bytes but the last. A block's header is
written together with its first byte, by whoever writes that.
"""

import struct
from collections.abc import Iterator, Sequence

from dget.codec.checksum import crc32
from dget.codec.files import PositionalFile
from dget.flow import ByteSink

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


def woven(start: int, buffers: Sequence[bytes | memoryview], whole: int) -> list[bytes | memoryview]:
    """`buffers`, which belong from byte `start` on, with the headers of the blocks that begin among them."""
    pieces: list[bytes | memoryview] = []
    for position, piece in _by_block(start, buffers):
        if position % BLOCK == 0:
            pieces.append(block_header(position // BLOCK, whole))
        pieces.append(piece)
    return pieces


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
        if pieces := woven(start, buffers, self._whole):
            header = _BLOCK_HEADER if start % BLOCK == 0 else 0
            self._file.write_at(place(start) - header, pieces)

    def read_into(self, at: int, buffer: memoryview) -> int:
        """Block headers on the way that are not as they must be are written anew: no digest covers them."""
        start = self._offset + at
        pieces: list[memoryview] = []
        headers: list[tuple[int, memoryview]] = []
        for position, piece in _by_block(start, [buffer[: self.size - at]]):
            if position % BLOCK == 0:
                header = memoryview(bytearray(_BLOCK_HEADER))
                headers.append((position, header))
                pieces.append(header)
            pieces.append(piece)
        before = _BLOCK_HEADER if start % BLOCK == 0 else 0
        count = self._file.read_into(place(start) - before, pieces)
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


class StoredGzipPacker:
    """A Packer: the same file as the regions make, from its first byte to its last. whole: bytes that will come."""

    def __init__(self, out: ByteSink, whole: int) -> None:
        self._out = out
        self._whole = whole
        self._at = 0
        self._crc32 = 0
        out.write(FILE_HEADER)

    def write(self, data: bytes) -> None:
        self._out.write(b"".join(woven(self._at, [data], self._whole)))
        self._crc32 = crc32(data, self._crc32)
        self._at += len(data)

    def finish(self) -> None:
        self._out.write(trailer(self._crc32, self._at))

    def abort(self) -> None:
        """Nothing is held."""


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
