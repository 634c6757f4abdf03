"""A blob from the cache into its region, verified on the way."""

from dget.codec import PositionalFile, Region, crc32
from dget.flow import Cancel, Counter
from dget.model import Descriptor
from dget.store import BlobStore


class Reuse:
    """verify: whether the bytes are hashed."""

    def __init__(self, store: BlobStore, blob: Descriptor, region: Region, counter: Counter, *, verify: bool) -> None:
        self.blob = blob
        self.region = region
        self.counter = counter
        self._store = store
        self._verify = verify

    def copy(self, buffer: memoryview, cancel: Cancel) -> bool:
        """False where the cache's bytes are not the blob's: they are removed then. Raises StorageError, Cancelled."""
        file = self._store.open(self.blob.digest)
        try:
            whole = self._fill(file, buffer, cancel)
        finally:
            file.close()
        self.counter.reused = self.blob.size if whole else 0
        if not whole:
            self._store.discard(self.blob.digest)
        return whole

    def _fill(self, file: PositionalFile, buffer: memoryview, cancel: Cancel) -> bool:
        if not self._verify:
            fill(self.region, file, buffer, cancel)
            return True
        hasher = self.blob.digest.hasher()
        checksum, at = 0, 0
        shared = self.region.clone(file)
        while count := file.read_into(at, [buffer[: self.blob.size - at]]):
            cancel.check()
            piece = buffer[:count]
            hasher.update(piece)
            checksum = crc32(piece, checksum)
            if not shared:
                self.region.write(at, [piece])
            at += count
            self.counter.reused = at
        self.region.seal(checksum)
        return hasher.hexdigest() == self.blob.digest.hex


def fill(region: Region, file: PositionalFile, buffer: memoryview, cancel: Cancel) -> None:
    """All of a file that needs no check into `region`: shared where the file system can, else copied."""
    if region.clone(file):
        region.seal(0)
        return
    checksum, at = 0, 0
    while count := file.read_into(at, [buffer[: region.size - at]]):
        cancel.check()
        checksum = crc32(buffer[:count], checksum)
        region.write(at, [buffer[:count]])
        at += count
    region.seal(checksum)
