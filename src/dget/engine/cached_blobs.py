"""The cache as a source of blobs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dget.archive.readers.alone import Alone
from dget.codec import PositionalFile, Region, crc32
from dget.flow import Cancel, PieceSink
from dget.model import Descriptor
from dget.protocol.connection_limit import ConnectionLimit
from dget.store import BlobStore

_PIECE = 1 << 20
# So much stays in a core's cache from its reading to its writing.
_READ = 256 << 10


class CachedBlobs:
    """A BlobSource: the same chunks, sinks and hashers verify what comes from here as what comes from a registry."""

    def __init__(self, store: BlobStore, cancel: Cancel, readers: ConnectionLimit) -> None:
        """readers: how many may read at once, of all that share it."""
        self._store = store
        self._cancel = cancel
        self.alone = Alone(self, steady=False, connections=readers)

    def read_blob(self, blob: Descriptor, sink: PieceSink, *, start: int = 0, stop: int | None = None) -> None:
        """Raises StorageError, Cancelled."""
        end = blob.size if stop is None else stop
        buffer = memoryview(bytearray(_READ))
        with self._opened(blob) as file:
            while start < end:
                self._cancel.check()
                piece = buffer[: end - start]
                here = file.read_into(start, [piece]) if file else 0
                # A file cut short, or gone, gives zeros, which the digest refuses.
                piece[here:] = bytes(len(piece) - here)
                sink.write(piece)
                start += len(piece)

    @contextmanager
    def _opened(self, blob: Descriptor) -> Iterator[PositionalFile | None]:
        """None where the file has gone: another process found it damaged, or it lies in a cache that others prune."""
        if not self._store.has(blob):
            yield None
            return
        file = self._store.open(blob.digest)
        try:
            yield file
        finally:
            file.close()

    def copy(self, blob: Descriptor, region: Region) -> None:
        """All of a blob, unverified: shared where the file system can. Raises StorageError, Cancelled."""
        file = self._store.open(blob.digest)
        try:
            shared = region.clone(file, blob.size)
            region.seal(0 if shared else copy_blob(file, region, blob.size, self._cancel))
        finally:
            file.close()

    def shared(self, blob: Descriptor, region: Region) -> Region | None:
        """`region` with all of a blob, where the file system can share it: to be verified there, and written no more."""
        with self._opened(blob) as file:
            return _Shared(region) if file and region.clone(file, blob.size) else None

    def in_place(self, blob: Descriptor) -> Region:
        """Where a blob lies already: it is read again to be verified, and written nowhere."""
        return _InPlace(self._store, blob)

    def discard(self, blob: Descriptor) -> None:
        """Removes a blob that turned out to be damaged."""
        self._store.discard(blob.digest)


def copy_blob(file: PositionalFile, region: Region, size: int, cancel: Cancel | None = None) -> int:
    """The first `size` bytes of `file` into `region`; their crc32. Raises StorageError, Cancelled."""
    buffer = memoryview(bytearray(_PIECE))
    checksum, at = 0, 0
    while count := file.read_into(at, [buffer[: size - at]]):
        if cancel is not None:
            cancel.check()
        checksum = crc32(buffer[:count], checksum)
        region.write(at, [buffer[:count]])
        at += count
    return checksum


class _Shared:
    """A Region whose bytes are there."""

    def __init__(self, region: Region) -> None:
        self.size = region.size
        self._region = region

    def write(self, at: int, buffers: Sequence[bytes | memoryview]) -> None:
        """They are there."""

    def read_into(self, at: int, buffer: memoryview) -> int:
        return self._region.read_into(at, buffer)

    def clone(self, file: PositionalFile, size: int) -> bool:
        return self._region.clone(file, size)

    def seal(self, crc32: int) -> None:
        self._region.seal(crc32)


class _InPlace:
    """A Region of a blob that stays where it is."""

    def __init__(self, store: BlobStore, blob: Descriptor) -> None:
        self.size = blob.size
        self._store = store
        self._digest = blob.digest

    def write(self, at: int, buffers: Sequence[bytes | memoryview]) -> None:
        """They are there."""

    def read_into(self, at: int, buffer: memoryview) -> int:
        file = self._store.open(self._digest)
        try:
            return file.read_into(at, [buffer[: self.size - at]])
        finally:
            file.close()

    def clone(self, file: PositionalFile, size: int) -> bool:  # noqa: ARG002 - Region's shape
        return True

    def seal(self, crc32: int) -> None:
        """Nothing is to be kept of it."""
