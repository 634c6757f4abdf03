"""A blob from the cache into its region, verified on the way."""

from dget.codec import Region, crc32
from dget.flow import Cancel, Counter
from dget.model import Descriptor
from dget.store import BlobStore


class Reuse:
    """verify: whether the bytes are hashed; their crc32 is taken anyway."""

    def __init__(self, store: BlobStore, blob: Descriptor, region: Region, counter: Counter, *, verify: bool) -> None:
        self.blob = blob
        self.region = region
        self.counter = counter
        self._store = store
        self._verify = verify

    def copy(self, buffer: memoryview, cancel: Cancel) -> bool:
        """False where the cache's bytes are not the blob's: they are removed then. Raises StorageError, Cancelled."""
        hasher = self.blob.digest.hasher()
        checksum, at = 0, 0
        file = self._store.open(self.blob.digest)
        try:
            while count := file.read_into(at, [buffer[: self.blob.size - at]]):
                cancel.check()
                piece = buffer[:count]
                if self._verify:
                    hasher.update(piece)
                checksum = crc32(piece, checksum)
                self.region.write(at, [piece])
                at += count
                self.counter.reused = at
        finally:
            file.close()
        if at == self.blob.size and (not self._verify or hasher.hexdigest() == self.blob.digest.hex):
            self.region.seal(checksum)
            return True
        self.counter.reused = 0
        self._store.discard(self.blob.digest)
        return False
