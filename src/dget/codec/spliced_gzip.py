"""gzip files made of gzip files: what is compressed already goes in verbatim, as members of its own.

A gzip file is a sequence of members, and unpacks to what they unpack to (RFC 1952 section 2.2).
"""

from typing import BinaryIO

from dget.codec.checksum import crc32
from dget.codec.compress import GzipPacker
from dget.codec.stored_gzip import FILE_HEADER, trailer, woven
from dget.flow import ByteSink

_PIECE = 1 << 20
# Headers and documents are not worth compressing; more than this at once is.
_STORED_MAX = 64 << 10


class SplicedGzip:
    """A Packer. level: for what is not compressed yet."""

    def __init__(self, out: ByteSink, level: int) -> None:
        self._out = out
        self._level = level
        self._pending = bytearray()
        self._packer: GzipPacker | None = None

    def write(self, data: bytes) -> None:
        if self._packer is not None:
            self._packer.write(data)
            return
        self._pending += data
        if len(self._pending) > _STORED_MAX:
            self._packer = GzipPacker(self._out, self._level)
            self._packer.write(bytes(self._pending))
            self._pending.clear()

    def splice(self, content: BinaryIO) -> None:
        """content: whole gzip members and nothing after them."""
        self._end_member()
        while piece := content.read(_PIECE):
            self._out.write(piece)

    def finish(self) -> None:
        self._end_member()

    def abort(self) -> None:
        if self._packer is not None:
            self._packer.abort()

    def _end_member(self) -> None:
        if self._packer is not None:
            self._packer.finish()
            self._packer = None
        elif self._pending:
            self._out.write(stored_member(bytes(self._pending)))
            self._pending.clear()


def stored_member(data: bytes) -> bytes:
    """A whole gzip member that holds `data` as it is."""
    return b"".join((FILE_HEADER, *woven(0, [data], len(data)), trailer(crc32(data), len(data))))
