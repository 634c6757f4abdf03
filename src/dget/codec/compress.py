"""Streams compressed on every core: gzip in blocks of its own, zstd by its library's threads.

Equal input gives equal bytes, however it was cut into pieces and however fast the cores were.
"""

import os
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from dget.codec.checksum import combine_crc32, crc32
from dget.codec.stored_gzip import FILE_HEADER, trailer
from dget.flow import ByteSink

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    import zlib as deflate  # zlib-ng's stubs say less
else:
    try:
        from zlib_ng import zlib_ng as deflate
    except ImportError:
        import zlib as deflate

_BLOCK = 1 << 20
# How far back deflate looks (RFC 1951 section 2): each block knows the end of the one before it.
_WINDOW = 32 << 10
_WORKERS_MAX = 16
_RAW = -15
# k3s and other readers of Go's zstd refuse windows beyond 32 MiB.
_ZSTD_WINDOW_LOG_MAX = 25
# From this level on zstd would take a larger one.
_ZSTD_LARGE_WINDOW_LEVEL = 20


class Packer(Protocol):
    """A ByteSink with an end; what it makes goes into another one."""

    def write(self, data: bytes) -> None: ...

    def finish(self) -> None:
        """Writes what is left."""
        ...

    def abort(self) -> None:
        """Lets go of threads and memory."""
        ...


class PlainPacker:
    """Hands on what it gets."""

    def __init__(self, out: ByteSink) -> None:
        self.write = out.write

    def finish(self) -> None:
        """Nothing is left."""

    def abort(self) -> None:
        """Nothing is held."""


class GzipPacker:
    """One gzip member. Its blocks end on byte boundaries, as pigz's do, so that each is a thread's own work.

    level: 1 to 9.
    """

    def __init__(self, out: ByteSink, level: int) -> None:
        self._out = out
        self._level = level
        self._workers = min(os.cpu_count() or 1, _WORKERS_MAX)
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="dget-gzip")
        self._block = bytearray()
        self._before = b""
        self._under_way: deque[Future[tuple[bytes, int, int]]] = deque()
        self._crc32 = 0
        self._size = 0
        out.write(FILE_HEADER)

    def write(self, data: bytes) -> None:
        self._block += data
        while len(self._block) > _BLOCK:
            block = bytes(self._block[:_BLOCK])
            del self._block[:_BLOCK]
            self._submit(block, last=False)

    def finish(self) -> None:
        self._submit(bytes(self._block), last=True)
        while self._under_way:
            self._write_out()
        self._out.write(trailer(self._crc32, self._size))
        self._pool.shutdown()

    def abort(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, block: bytes, *, last: bool) -> None:
        # Twice the cores: none waits for work, and memory stays bounded.
        while len(self._under_way) >= 2 * self._workers:
            self._write_out()
        self._under_way.append(self._pool.submit(_deflated, block, self._before, self._level, last))
        self._before = block[-_WINDOW:]

    def _write_out(self) -> None:
        packed, checksum, size = self._under_way.popleft().result()
        self._out.write(packed)
        self._crc32 = combine_crc32(self._crc32, checksum, size)
        self._size += size


class ZstdPacker:
    """One zstd frame with a checksum, whose window every reader has the memory for. level: 1 to 22."""

    def __init__(self, out: ByteSink, level: int) -> None:
        self._out = out
        parameter = zstd.CompressionParameter
        options: dict[int, int] = {
            parameter.compression_level: level,
            parameter.checksum_flag: 1,
            # At least one: without threads of its own zstd cuts blocks elsewhere.
            parameter.nb_workers: min(os.cpu_count() or 1, _WORKERS_MAX),
        }
        if level >= _ZSTD_LARGE_WINDOW_LEVEL:
            options[parameter.window_log] = _ZSTD_WINDOW_LOG_MAX
        self._compressor = zstd.ZstdCompressor(options=options)

    def write(self, data: bytes) -> None:
        if packed := self._compressor.compress(data):
            self._out.write(packed)

    def finish(self) -> None:
        self._out.write(self._compressor.flush())

    def abort(self) -> None:
        """Its threads end with it."""


def _deflated(block: bytes, before: bytes, level: int, last: bool) -> tuple[bytes, int, int]:
    """The block's raw deflate data, crc32 and size. before: what the bytes before it end with."""
    compressor = (
        deflate.compressobj(level, deflate.DEFLATED, _RAW, zdict=before)
        if before
        else (deflate.compressobj(level, deflate.DEFLATED, _RAW))
    )
    packed = compressor.compress(block)
    packed += compressor.flush(deflate.Z_FINISH if last else deflate.Z_SYNC_FLUSH)
    return packed, crc32(block), len(block)
