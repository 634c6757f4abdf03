"""Fetching blobs over several connections at once, each verified while it arrives."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from dget.codec import Region
from dget.engine.chunk_map import Chunk, ChunkMap
from dget.engine.reuse import Reuse
from dget.engine.transfer import CHUNK, ChunkSink, Superseded, Transfer
from dget.errors import IntegrityError, NetworkError
from dget.flow import ByteSink, Cancel, Counter, Observer, Warned
from dget.model import Descriptor
from dget.registry import RangesIgnored, persist
from dget.store import BlobStore

_RESTARTS_MAX = 3
_HASHERS_MAX = 4
# How long threads of a failed run may take to let go of their files.
_LETTING_GO = 1.0
_BUFFER = 1 << 20


class BlobSource(Protocol):
    def read_blob(self, blob: Descriptor, sink: ByteSink, *, start: int = 0, stop: int | None = None) -> None: ...


class Download:
    """Brings blobs to their regions; `run` returns when all are there and verified.

    Workers fetch chunks, hashers follow them; both are daemon threads, so that none can hold up the end of the
    process. The first error ends all.
    """

    def __init__(
        self,
        source: BlobSource,
        store: BlobStore | None,
        *,
        connections: int,
        verify_cache: bool,
        cancel: Cancel,
        observer: Observer,
        verified: Callable[[Descriptor, Region], None],
    ) -> None:
        """cancel: of this run alone, since a failure cancels it; verified: is told each blob that is whole."""
        self._source = source
        self._store = store
        self._connections = connections
        self._verify_cache = verify_cache
        self._cancel = cancel
        self._observer = observer
        self._verified = verified
        self._changed = threading.Condition()
        self._transfers: list[Transfer] = []
        self._reuses: list[Reuse] = []
        self._outstanding = 0
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._chunk_size = CHUNK

    def run(self, wanted: Sequence[tuple[Descriptor, Region, Counter]]) -> None:
        """Raises what the first failing part raised; nothing is left in the cache's ingest then."""
        self._outstanding = len(wanted)
        try:
            self._start(wanted)
            with self._cancel.on_cancel(self._wake), self._changed:
                self._changed.wait_for(lambda: self._ended)
        finally:
            self._cancel_rest()
        if self._failure is not None:
            raise self._failure
        self._cancel.check()

    @property
    def _ended(self) -> bool:
        return self._outstanding == 0 or self._failure is not None or self._cancel.cancelled

    def _start(self, wanted: Sequence[tuple[Descriptor, Region, Counter]]) -> None:
        for blob, region, counter in wanted:
            if self._store and self._store.has(blob):
                self._reuses.append(Reuse(self._store, blob, region, counter, verify=self._verify_cache))
            else:
                self._transfers.append(self._transfer(blob, region, counter))
        work = [self._hash] * min(os.cpu_count() or 1, _HASHERS_MAX)
        if self._transfers or self._reuses:
            work += [self._fetch_chunks] * self._connections
        self._threads = [threading.Thread(target=self._guard(part), name="dget-work", daemon=True) for part in work]
        for thread in self._threads:
            thread.start()

    def _transfer(self, blob: Descriptor, region: Region, counter: Counter) -> Transfer:
        ingest = self._store.ingest(blob) if self._store else None
        regions = [region] if ingest is None else [region, ingest.region]
        return Transfer(blob, regions, ingest, counter)

    def _cancel_rest(self) -> None:
        if not self._outstanding:
            return
        self._cancel.cancel()
        self._wake()
        deadline = time.monotonic() + _LETTING_GO
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for transfer in self._transfers:
            if transfer.ingest:
                transfer.ingest.abandon()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _guard(self, work: Callable[[], None]) -> Callable[[], None]:
        def body() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised in run()
                with self._changed:
                    if self._failure is None and not self._cancel.cancelled:
                        self._failure = error
                    self._changed.notify_all()

        return body

    # Fetching.

    def _fetch_chunks(self) -> None:
        while (claim := self._claim()) is not None:
            transfer, chunks, chunk = claim
            try:
                persist(
                    lambda: self._fetch(transfer, chunks, chunk),  # noqa: B023 - called before the loop goes on
                    what=f"blob {transfer.blob.digest.short}",
                    cancel=self._cancel,
                    observer=self._observer,
                    progress=lambda: chunk.position,  # noqa: B023
                )
            except Superseded:
                continue
            except RangesIgnored:
                self._go_whole(transfer, chunks)

    def _advanced(self, transfer: Transfer) -> None:
        if transfer.hash_waits:
            self._wake()

    def _claim(self) -> tuple[Transfer, ChunkMap, Chunk] | None:
        with self._changed:
            while not self._ended:
                for transfer in self._transfers:
                    with transfer.lock:
                        chunk = transfer.map.claim()
                        if chunk is not None:
                            return transfer, transfer.map, chunk
                self._changed.wait()
        return None

    def _fetch(self, transfer: Transfer, chunks: ChunkMap, chunk: Chunk) -> None:
        while not chunk.complete:
            before = chunk.position
            sink = ChunkSink(transfer, chunks, chunk, self._advanced)
            try:
                self._source.read_blob(transfer.blob, sink, start=chunk.position, stop=chunk.stop)
            finally:
                # What arrived before a failure counts.
                sink.flush()
            if chunk.position == before:
                raise NetworkError("the server sent nothing", temporary=True)

    def _go_whole(self, transfer: Transfer, chunks: ChunkMap) -> None:
        """The server knows no ranges: from now on blobs are fetched in one piece."""
        with self._changed:
            self._chunk_size = sys.maxsize
            if transfer.map is chunks:
                self._restart(transfer, NetworkError("the connection breaks off, and the server cannot resume a blob"))
            for other in self._transfers:
                if other.untouched:
                    other.begin(self._chunk_size)
            self._changed.notify_all()

    def _restart(self, transfer: Transfer, error: IntegrityError | NetworkError) -> None:
        transfer.restarts += 1
        if transfer.restarts > _RESTARTS_MAX:
            raise error
        transfer.begin(self._chunk_size)

    # Hashing and reusing.

    def _hash(self) -> None:
        buffer = memoryview(bytearray(_BUFFER))
        while (job := self._next_job()) is not None:
            if isinstance(job, Reuse):
                self._reuse(job, buffer)
            else:
                self._follow(job, buffer)

    def _next_job(self) -> Transfer | Reuse | None:
        with self._changed:
            while not self._ended:
                for transfer in self._transfers:
                    if transfer.hash_waits:
                        transfer.hashing = True
                        return transfer
                if self._reuses:
                    return self._reuses.pop(0)
                self._changed.wait()
        return None

    def _follow(self, transfer: Transfer, buffer: memoryview) -> None:
        transfer.hash_step(buffer)
        with self._changed:
            transfer.hashing = False
            if transfer.hashed < transfer.blob.size:
                return
            if not transfer.matches:
                self._begin_afresh(transfer)
                return
            self._transfers.remove(transfer)
        transfer.seal()
        if transfer.ingest:
            transfer.ingest.commit()
        self._finish(transfer.blob, transfer.region)

    def _begin_afresh(self, transfer: Transfer) -> None:
        blob = transfer.blob
        error = IntegrityError(
            f"the bytes of blob {blob.digest} do not match their digest, after {transfer.restarts + 1} tries",
            hint="the registry, a proxy or a mirror in between serves damaged data; try another network or mirror",
        )
        self._restart(transfer, error)
        self._observer(Warned(text=f"blob {blob.digest.short} arrived damaged: fetching it again"))
        self._changed.notify_all()

    def _reuse(self, job: Reuse, buffer: memoryview) -> None:
        if job.copy(buffer, self._cancel):
            self._finish(job.blob, job.region)
            return
        self._observer(Warned(text=f"the cache's copy of {job.blob.digest.short} is damaged: fetching it again"))
        with self._changed:
            self._transfers.append(self._transfer(job.blob, job.region, job.counter))
            self._changed.notify_all()

    def _finish(self, blob: Descriptor, region: Region) -> None:
        self._verified(blob, region)
        with self._changed:
            self._outstanding -= 1
            self._changed.notify_all()
