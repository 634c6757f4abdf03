"""One blob's way from the network into its region, with the hash that follows it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from dget.codec import Record, Region, crc32
from dget.engine.cached_blobs import CachedBlobs, copy_blob
from dget.engine.chunk_map import Chunk, ChunkMap
from dget.engine.sources import Sources
from dget.errors import IntegrityError
from dget.flow import Cancel, Counter, RateLimit
from dget.model import Descriptor, Digest
from dget.store import Ingest

_WINDOW = 128 << 20
_PIECE_MAX = 1 << 20
_HASH_STEP = 1 << 20
# The least that file systems share.
_BLOCK = 4096


class Journal(Protocol):
    """Who remembers, from run to run, what of a blob is there: an ingest, or the archive."""

    def kept(self, blob: Descriptor) -> Sequence[Record]: ...

    def keep(self, blobs: Mapping[Digest, Sequence[Record]], *, sync: bool) -> None: ...


class Superseded(Exception):
    """What is being fetched is not wanted any more: the transfer began afresh, or another connection took it over."""


class _Hash:
    """A hash that follows the watermark. done: bytes hashed."""

    def __init__(self, digest: Digest) -> None:
        self.hasher = digest.hasher()
        self.done = 0


class Transfer:
    """A blob that is being fetched. `lock` guards `map` and `writers`; one thread at a time hashes.

    source: where it comes from; region: where its bytes arrive; target: where they are to be in the end, by way of `ingest`
    into the cache, or None where the cache is all. journal: None where nobody remembers; of what is at hand anyway it says
    nothing, and syncs it with the rest.
    """

    def __init__(
        self,
        blob: Descriptor,
        source: Sources | CachedBlobs,
        region: Region,
        journal: Journal | None,
        counter: Counter,
        ingest: Ingest | None = None,
        *,
        target: Region | None,
        elsewhere: Journal | None = None,
    ) -> None:
        """elsewhere: who may remember what a run without the cache left in the target."""
        self.blob = blob
        self.cached = source if isinstance(source, CachedBlobs) else None
        self.sources = Sources(source.alone) if isinstance(source, CachedBlobs) else source
        self.region = region
        self.target = target
        self.journal = journal
        self.counter = counter
        self.ingest = ingest
        self.lock = threading.Condition()
        self.writers = 0
        self.restarts = 0
        # Held by whoever hashes.
        self.hashing = threading.Lock()
        kept = _proven(region, journal.kept(blob)) if journal and not self.at_hand else []
        if not kept and elsewhere and target is not None:
            kept = _moved(target, region, _proven(target, elsewhere.kept(blob)))
        self.begin(kept)

    def begin(self, kept: Sequence[Record] = ()) -> None:
        """From what is kept on, forgetting what arrived since."""
        with self.lock:
            # Nothing of before may land on what comes now.
            self.lock.wait_for(lambda: self.writers == 0)
            self.map = ChunkMap(self.blob.size, window=_WINDOW, kept=kept)
            self._hash = _Hash(self.blob.digest)
            self._shared: bool | None = None
            self.counter.reused = sum(record.stop - record.start for record in kept)
            self.counter.arrived = 0

    def keep(self, kept: Sequence[Record]) -> None:
        """From what is kept on, which this run or a former one fetched."""
        reused = self.counter.reused
        self.begin(kept)
        size = self.counter.reused
        self.counter.reused = min(reused, size)
        self.counter.arrived = size - self.counter.reused

    @property
    def hash_waits(self) -> bool:
        """Whether hashing is worth a thread's while now."""
        if self.hashing.locked():
            return False
        watermark = self.map.watermark
        return watermark - self.hashed >= _HASH_STEP or watermark == self.blob.size

    def hash_step(self, buffer: memoryview) -> None:
        """Hashes what stands between the hash and the watermark, read back while the page cache still has it."""
        state, target = self._hash, self.map.watermark
        # Whoever begins afresh meanwhile leaves this state behind.
        while state is self._hash and state.done < target:
            piece = buffer[: min(_HASH_STEP, target - state.done)]
            self.region.read_into(state.done, piece)
            self._take_in(state, piece)

    def hash_at_once(self, at: int, batch: memoryview) -> None:
        """Hashes what has just been written, where the hash has come so far, while the core's cache still has it.

        Not the last of a blob, which is `hash_step`'s to end, nor what costs no network: reading it is work for another core.
        """
        if self.at_hand or at != self.hashed or self.map.complete or not self.hashing.acquire(blocking=False):
            return
        try:
            if at == self.hashed:
                self._take_in(self._hash, batch)
        finally:
            self.hashing.release()

    def _take_in(self, state: _Hash, piece: memoryview) -> None:
        state.hasher.update(piece)
        self._copy(piece, state.done)
        state.done += len(piece)

    @property
    def hashed(self) -> int:
        return self._hash.done

    @property
    def matches(self) -> bool:
        return self._hash.hasher.hexdigest() == self.blob.digest.hex

    @property
    def untouched(self) -> bool:
        """Whether something of it is to be fetched, and nobody has begun."""
        return not self.map.complete and not any(chunk.claimed for chunk in self.map.chunks)

    @property
    def at_hand(self) -> bool:
        """Whether it costs no network."""
        return self.cached is not None

    def count(self, size: int) -> None:
        """Bytes that came, from the network or from the cache."""
        if self.at_hand:
            self.counter.reused += size
        else:
            self.counter.arrived += size

    def finish(self) -> None:
        """Its bytes match their digest: they are in the target now, and in the cache."""
        if self.ingest is not None:
            if self._shared and self.target and not self.target.clone(self.ingest.file, self.blob.size):
                copy_blob(self.ingest.file, self.target, self.blob.size)
            self.ingest.commit()
        if self.target is not None:
            self.target.seal(self.map.crc32)

    def _copy(self, piece: memoryview, at: int) -> None:
        """What was hashed goes on from the cache into the archive, unless the two can share it in the end."""
        if self.ingest is None or self.target is None:
            return
        if self._shared is None:
            self._shared = self.target.clone(self.ingest.file, min(_BLOCK, self.blob.size))
        if not self._shared:
            self.target.write(at, [piece])

    def records(self) -> list[Record]:
        """What of it is there that would have to be fetched again."""
        if self.at_hand:
            return []
        with self.lock:
            return self.map.records


class ChunkSink:
    """A PieceSink that puts a chunk's bytes into their place.

    stop: of the chunk when the sink was made, which is what its bytes are to be asked for: others may take over its end.
    """

    def __init__(
        self,
        transfer: Transfer,
        chunks: ChunkMap,
        chunk: Chunk,
        *,
        begins: Callable[[], None],
        advanced: Callable[[Transfer], None],
        limit: RateLimit | None,
        cancel: Cancel,
    ) -> None:
        """begins: is told that bytes come; advanced: that a piece is in its place."""
        self._transfer = transfer
        self._map = chunks
        self._chunk = chunk
        self.stop = chunk.stop
        self._begins = begins
        self._advanced = advanced
        self._limit = limit
        self._cancel = cancel
        # A piece counts when it is in its place: under a limit, that must not take long.
        self._most = _PIECE_MAX if limit is None else max(1, min(_PIECE_MAX, int(limit.rate / 8)))

    def write(self, data: bytes | memoryview) -> None:
        """Raises Superseded, and IntegrityError where the server sent more than was asked for."""
        self._begins()
        whole = memoryview(data)
        for at in range(0, len(whole), self._most):
            self._take(whole[at : at + self._most])

    def _take(self, piece: memoryview) -> None:
        size = len(piece)
        chunk, transfer = self._chunk, self._transfer
        if size > self.stop - chunk.position:
            raise IntegrityError(f"the server has more bytes of blob {transfer.blob.digest} than its manifest says")
        if self._limit is not None:
            self._cancel.sleep(self._limit.take(size))
        with transfer.lock:
            # What another connection took over is its business now.
            ours = self._map.reserve(chunk, size) if transfer.map is self._map else 0
            if not ours:
                raise Superseded
            transfer.writers += 1
        try:
            self._put(piece[:ours])
        finally:
            with transfer.lock:
                transfer.writers -= 1
                transfer.lock.notify_all()
        self._advanced(transfer)
        if chunk.complete and chunk.stop < self.stop:
            raise Superseded

    def _put(self, batch: memoryview) -> None:
        chunk, transfer = self._chunk, self._transfer
        at = chunk.position
        transfer.region.write(at, [batch])
        checksum = crc32(batch, chunk.crc32)
        with transfer.lock:
            self._map.landed(chunk, len(batch), checksum)
            transfer.count(len(batch))
        transfer.hash_at_once(at, batch)


def _proven(region: Region, claimed: Sequence[Record]) -> list[Record]:
    """Those of a former run's records that are in order, within the blob, and whose bytes have their crc32."""
    proven: list[Record] = []
    buffer = memoryview(bytearray(_HASH_STEP)) if claimed else memoryview(b"")
    for record in sorted(claimed):
        after = proven[-1].stop if proven else 0
        if after <= record.start < record.stop <= region.size and _read_crc32(region, record, buffer) == record.crc32:
            proven.append(record)
    return proven


def _moved(source: Region, target: Region, records: list[Record]) -> list[Record]:
    """The records, of bytes that are in `target` now."""
    buffer = memoryview(bytearray(_HASH_STEP)) if records else memoryview(b"")
    for record in records:
        for at in range(record.start, record.stop, _HASH_STEP):
            piece = buffer[: min(_HASH_STEP, record.stop - at)]
            source.read_into(at, piece)
            target.write(at, [piece])
    return records


def _read_crc32(region: Region, record: Record, buffer: memoryview) -> int:
    checksum, at = 0, record.start
    while at < record.stop:
        count = region.read_into(at, buffer[: min(len(buffer), record.stop - at)])
        if count == 0:
            return -1
        checksum = crc32(buffer[:count], checksum)
        at += count
    return checksum
