"""Layers and archives unpacked as they are read: gzip, zstd, bzip2, xz or plain."""

import bz2
import lzma
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from dget.codec.compression import MAGIC_SIZE, Compression, detect_compression
from dget.errors import IntegrityError, Unsupported

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    import zlib as deflate  # zlib-ng's stubs say less
else:
    try:
        from zlib_ng import zlib_ng as deflate  # 0.76 GB/s a core, against zlib's 0.43
    except ImportError:
        import zlib as deflate

_INPUT = 256 << 10
# A thousand zeros may be one byte: what a piece of input unpacks to is handed out in pieces too.
_OUTPUT = 1 << 20
# 16 + 15: a gzip member, with the whole of its possible window.
_GZIP_WINDOW = 16 + 15
# What xz -9 takes is 65 MB.
_XZ_MEMORY = 160 << 20
# 128 MiB, as the zstd command allows by default: more would be memory that a stranger takes.
_ZSTD_WINDOW_LOG = 27


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end alone."""
        ...


class Decompressed:
    """A stream of the unpacked bytes of `file`, which is read from where it stands. The memory taken is bounded.

    compression: of the file; padded: whether zeros followed the last gzip member, known at the end.
    what: names the file in errors. `read` raises IntegrityError where it is cut short, damaged, or followed by
    something else. Raises Unsupported for lz4, and where more memory is demanded than a stranger may take.
    """

    def __init__(self, file: Readable, what: str) -> None:
        self._file = file
        self._what = what
        self.padded = False
        head = self._head()
        self.compression = detect_compression(head)
        self._pieces = self._unpack(self.compression)(head)
        self._piece = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """`size` bytes, or fewer at the end alone."""
        parts: list[memoryview] = []
        while size > 0:
            if not self._piece:
                self._piece = memoryview(next(self._pieces, b""))
                if not self._piece:
                    break
            part, self._piece = self._piece[:size], self._piece[size:]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _unpack(self, compression: Compression) -> Callable[[bytes], Iterator[bytes]]:
        match compression:
            case Compression.GZIP:
                return self._gunzip
            case Compression.ZSTD:
                return self._unzstd
            case Compression.BZIP2:
                return self._bunzip2
            case Compression.XZ:
                return self._unxz
            case Compression.LZ4:
                raise Unsupported(
                    f"{self._what} is packed with lz4, which dget cannot unpack", hint="unpack it: lz4 -d"
                )
        return self._plain

    def _head(self) -> bytes:
        head = b""
        while len(head) < MAGIC_SIZE and (more := self._file.read(_INPUT)):
            head += more
        return head

    def _plain(self, data: bytes) -> Iterator[bytes]:
        while data:
            yield data
            data = self._file.read(_INPUT)

    def _gunzip(self, data: bytes) -> Iterator[bytes]:
        """A file is one member after the other (RFC 1952 section 2.2)."""
        while data:
            member = deflate.decompressobj(_GZIP_WINDOW)
            while not member.eof:
                data = data or self._file.read(_INPUT)
                try:
                    unpacked = member.decompress(data, _OUTPUT)
                except deflate.error as error:
                    raise self._damaged(str(error)) from error
                if not (data or unpacked or member.eof):
                    raise self._damaged("its gzip stream is cut short")
                data = member.unconsumed_tail
                if unpacked:
                    yield unpacked
            data = self._after_padding(member.unused_data)

    def _after_padding(self, data: bytes) -> bytes:
        """What follows a gzip member, without the zeros that tapes and block devices add."""
        while True:
            rest = data.lstrip(b"\0")
            self.padded = self.padded or len(rest) < len(data)
            if rest:
                return rest
            data = self._file.read(_INPUT)
            if not data:
                return b""

    def _unzstd(self, data: bytes) -> Iterator[bytes]:
        """A file is one frame after the other (RFC 8878 section 3.1); those to be skipped unpack to nothing."""
        while data:
            frame = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})
            while not frame.eof:
                data = self._wanted(frame.needs_input, data)
                try:
                    unpacked = frame.decompress(data, _OUTPUT)
                except zstd.ZstdError as error:
                    raise self._damaged(str(error)) from error
                data = b""
                if unpacked:
                    yield unpacked
            data = frame.unused_data or self._file.read(_INPUT)

    def _bunzip2(self, data: bytes) -> Iterator[bytes]:
        while data:
            stream = bz2.BZ2Decompressor()
            while not stream.eof:
                data = self._wanted(stream.needs_input, data)
                try:
                    unpacked = stream.decompress(data, _OUTPUT)
                except OSError as error:
                    raise self._damaged(str(error)) from error
                data = b""
                if unpacked:
                    yield unpacked
            data = stream.unused_data or self._file.read(_INPUT)

    def _unxz(self, data: bytes) -> Iterator[bytes]:
        """Streams may have zeros after them (The .xz File Format, section 2.2)."""
        while data:
            stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
            while not stream.eof:
                data = self._wanted(stream.needs_input, data)
                try:
                    unpacked = stream.decompress(data, _OUTPUT)
                except lzma.LZMAError as error:
                    if "emory" in str(error):
                        raise Unsupported(f"unpacking {self._what} needs too much memory") from error
                    raise self._damaged(str(error)) from error
                data = b""
                if unpacked:
                    yield unpacked
            data = self._after_padding(stream.unused_data)

    def _wanted(self, needs_input: bool, data: bytes) -> bytes:
        if not needs_input or data:
            return data
        data = self._file.read(_INPUT)
        if not data:
            raise self._damaged(f"its {self.compression.value} stream is cut short")
        return data

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError(
            f"{self._what} cannot be unpacked: {why}", hint="whoever made this image made it so; tell its publisher"
        )
