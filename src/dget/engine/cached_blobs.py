"""The cache as a source of blobs."""

from dget.codec import PositionalFile, Region, crc32
from dget.flow import ByteSink, Cancel
from dget.model import Descriptor
from dget.store import BlobStore

_PIECE = 1 << 20


class CachedBlobs:
    """A BlobSource: the same chunks, sinks and hashers verify what comes from here as what comes from a registry."""

    # A damaged blob is discarded, and fetched from where it came.
    steady = False

    def __init__(self, store: BlobStore, cancel: Cancel) -> None:
        self._store = store
        self._cancel = cancel

    def read_blob(self, blob: Descriptor, sink: ByteSink, *, start: int = 0, stop: int | None = None) -> None:
        """Raises StorageError, Cancelled."""
        end = blob.size if stop is None else stop
        file = self._store.open(blob.digest)
        try:
            while start < end:
                self._cancel.check()
                size = min(_PIECE, end - start)
                # A file cut short gives zeros, which the digest refuses.
                sink.write(file.read_at(start, size).ljust(size, b"\0"))
                start += size
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
