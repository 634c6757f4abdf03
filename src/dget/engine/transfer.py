"""One blob's way from the network into its regions, with the hash that follows it."""

import threading
from collections.abc import Callable, Sequence

from dget.codec import Region, crc32
from dget.engine.chunk_map import Chunk, ChunkMap
from dget.errors import NetworkError
from dget.flow import Counter
from dget.model import Descriptor
from dget.store import Ingest

CHUNK = 4 << 20
_WINDOW = 64 << 20
# Gathered before a positional write: 1.2 s of processor time a GB become 0.8.
_BATCH = 256 << 10
_HASH_STEP = 1 << 20


class Superseded(Exception):
    """The transfer began afresh; what was being fetched for its former try is not wanted any more."""


class Transfer:
    """A blob that is being fetched. `lock` guards `map`; one thread at a time hashes."""

    def __init__(self, blob: Descriptor, regions: Sequence[Region], ingest: Ingest | None, counter: Counter) -> None:
        self.blob = blob
        self.counter = counter
        self.ingest = ingest
        self.lock = threading.Lock()
        self.restarts = 0
        self.hashing = False
        self.hashed = 0
        self._regions = regions
        self.begin(CHUNK)

    def begin(self, chunk_size: int) -> None:
        """From the first byte on, forgetting what arrived."""
        with self.lock:
            self.map = ChunkMap(self.blob.size, chunk_size=max(1, chunk_size), window=_WINDOW)
            self.hasher = self.blob.digest.hasher()
            self.hashed = 0
            self.counter.arrived = 0

    def hash_step(self, buffer: memoryview) -> None:
        """Hashes what stands between the hash and the watermark, read back while the page cache still has it."""
        target = self.map.watermark
        while self.hashed < target:
            piece = buffer[: min(_HASH_STEP, target - self.hashed)]
            self._regions[0].read_into(self.hashed, piece)
            self.hasher.update(piece)
            self.hashed += len(piece)

    @property
    def hash_waits(self) -> bool:
        """Whether hashing is worth a thread's while now."""
        if self.hashing:
            return False
        watermark = self.map.watermark
        return watermark - self.hashed >= _HASH_STEP or watermark == self.blob.size

    @property
    def untouched(self) -> bool:
        """Whether nobody has begun to fetch it."""
        return not any(chunk.claimed for chunk in self.map.chunks)

    @property
    def matches(self) -> bool:
        return self.hasher.hexdigest() == self.blob.digest.hex

    @property
    def region(self) -> Region:
        """Where the bytes are to stay."""
        return self._regions[0]

    def write(self, at: int, buffers: Sequence[bytes]) -> None:
        for region in self._regions:
            region.write(at, buffers)

    def seal(self) -> None:
        for region in self._regions:
            region.seal(self.map.crc32)


class ChunkSink:
    """A ByteSink that puts a chunk's bytes into their place, in batches."""

    def __init__(
        self, transfer: Transfer, chunks: ChunkMap, chunk: Chunk, advanced: Callable[[Transfer], None]
    ) -> None:
        """advanced: is told when a batch is in its place."""
        self._transfer = transfer
        self._map = chunks
        self._chunk = chunk
        self._advanced = advanced
        self._batch: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        self._batch.append(data)
        self._size += len(data)
        if self._size >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Raises Superseded, and NetworkError where the server sent more than was asked for."""
        batch, size = self._batch, self._size
        if not size:
            return
        self._batch, self._size = [], 0
        chunk = self._chunk
        if size > chunk.stop - chunk.position:
            raise NetworkError("the server sent more bytes than were asked for")
        if self._transfer.map is not self._map:
            raise Superseded
        self._transfer.write(chunk.position, batch)
        checksum = chunk.crc32
        for data in batch:
            checksum = crc32(data, checksum)
        with self._transfer.lock:
            if self._transfer.map is not self._map:
                raise Superseded
            self._map.landed(chunk, size, checksum)
            self._transfer.counter.arrived += size
        self._advanced(self._transfer)
