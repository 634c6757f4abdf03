"""Compressed streams: told by their first bytes, unpacked in bounded memory."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from enum import Enum
from typing import Any, BinaryIO, Protocol

from dget.errors import DamagedFile, Unsupported

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE = 256 << 10
# What a stream may demand for its dictionary: xz -9 takes 65 MB, zstd --ultra --long=27 takes 128 MiB.
_MEMORY_MAX = 160 << 20
_WINDOW_LOG_MAX = 27
_BROKEN = (zlib.error, lzma.LZMAError, zstd.ZstdError, EOFError, ValueError)


class Compression(Enum):
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"
    LZ4 = "lz4"


# How many first bytes `compression_of` wants.
HEAD = 6
_MAGIC = (
    (b"\x1f\x8b\x08", Compression.GZIP),
    (b"BZh", Compression.BZIP2),
    (b"\xfd7zXZ\x00", Compression.XZ),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    (b"\x04\x22\x4d\x18", Compression.LZ4),
)


class _Decompressor(Protocol):
    """What bz2, lzma and zstd have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def compression_of(head: bytes) -> Compression | None:
    """By the first bytes of a stream; None where it is plain, or of a kind that no engine reads."""
    # A skippable frame may stand first (RFC 8878 section 3.1.2): pzstd and eStargz's zstd write one.
    if head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:
        return Compression.ZSTD
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def unpacking(file: BinaryIO, compression: Compression) -> BinaryIO:
    """A stream of what `file` unpacks to. Its reads raise DamagedFile; Unsupported where more memory is demanded.

    Raises Unsupported for lz4.
    """
    if compression is Compression.LZ4:
        raise Unsupported("dget cannot unpack lz4", hint="unpack it first: lz4 -d")
    return io.BufferedReader(_Unpacking(file, compression), _PIECE)


class _Unpacking(io.RawIOBase):
    def __init__(self, file: BinaryIO, compression: Compression) -> None:
        self._file = file
        self._compression = compression
        self._gzip = gzip.GzipFile(fileobj=file, mode="rb") if compression is Compression.GZIP else None
        self._stream: _Decompressor | None = None
        self._rest = b""
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            data = self._gzip.read1(len(view)) if self._gzip else self._read(len(view))
        except OSError as error:
            # What the disk says has a number; what bz2 and gzip say of a damaged stream has none.
            if error.errno is not None:
                raise
            raise self._explained(error) from error
        except (MemoryError, *_BROKEN) as error:
            raise self._explained(error) from error
        view[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        """Of one stream after the other, as the programs do."""
        while True:
            if self._stream is None:
                if not self._more():
                    return b""
                self._stream = self._next_stream()
            given = b""
            if self._stream.needs_input:
                given, self._rest = self._rest or self._file.read(_PIECE), b""
                if not given:
                    raise EOFError("it ends too early")
            data = self._stream.decompress(given, size)
            if self._stream.eof:
                self._rest, self._stream, self._begun = self._stream.unused_data, None, True
            if data:
                return data

    def _more(self) -> bool:
        """Whether another stream follows."""
        while True:
            if self._begun and self._compression is Compression.XZ:
                # xz pads between its streams with zeros.
                self._rest = self._rest.lstrip(b"\0")
            if self._rest:
                return True
            self._rest = self._file.read(_PIECE)
            if not self._rest:
                if not self._begun:
                    raise EOFError("it is empty")
                return False

    def _next_stream(self) -> _Decompressor:
        match self._compression:
            case Compression.BZIP2:
                return bz2.BZ2Decompressor()
            case Compression.XZ:
                return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_MAX)
            case _:
                return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX})

    def _explained(self, error: BaseException) -> DamagedFile | Unsupported:
        if isinstance(error, MemoryError) or "emory" in str(error):
            return Unsupported(f"unpacking this {self._compression.value} stream needs too much memory")
        return DamagedFile(f"the {self._compression.value} stream is damaged or cut: {error}")
