"""Fetching blobs over several connections at once, each verified while it arrives."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence

from dget.codec import Region
from dget.engine import journals
from dget.engine.cached_blobs import CachedBlobs
from dget.engine.connection_limit import ConnectionLimit
from dget.engine.connections import WATCH_EVERY, Claim, Connections
from dget.engine.transfer import BlobSource, ChunkSink, Journal, Superseded, Transfer
from dget.errors import Cancelled, DamagedFile, DgetError, IntegrityError, NetworkError, StorageError
from dget.flow import Cancel, Counter, Observer, RateLimit, Retrying, Warned
from dget.model import Descriptor
from dget.protocol.retry import GiveUp
from dget.registry import RangesIgnored
from dget.store import BlobStore

_RESTARTS_MAX = 3
_HASHERS_MAX = 4
_BUFFER = 1 << 20
# How long threads of a failed run may take to let go of their files.
_LETTING_GO = 0.4


class Download:
    """Brings blobs to their regions; `run` returns when all are there and verified.

    Workers fetch chunks, hashers follow them, a watch adapts the number of connections, and journals are kept; all on
    daemon threads, so that none can hold up the end of the process. The first error ends all.
    """

    def __init__(
        self,
        source: BlobSource,
        store: BlobStore | None,
        *,
        connections: int | None,
        rate_limit: RateLimit | None,
        verify_cache: bool,
        cancel: Cancel,
        observer: Observer,
        verified: Callable[[Descriptor, Region], None],
    ) -> None:
        """connections: at most so many, or as many as help; cancel: of this run alone, since its end cancels it;
        verified: is told each blob that is whole.
        """
        self._source = source
        self._store = store
        self._rate_limit = rate_limit
        self._verify_cache = verify_cache
        self._cancel = cancel
        self._observer = observer
        self._verified = verified
        self._changed = threading.Condition()
        self._connections = Connections(ConnectionLimit(connections), self._changed, hurry=rate_limit is None)
        self._all: list[Transfer] = []
        self._open: list[Transfer] = []
        self._outstanding = 0
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def run(self, wanted: Sequence[tuple[Descriptor, Region, Counter]], journal: Journal) -> None:
        """Raises what the first failing part raised; what arrived is then in the journals, for a later run.

        journal: of the regions, used for blobs that do not go through the cache.
        """
        self._outstanding = len(wanted)
        try:
            self._start(wanted, journal)
            with self._cancel.on_cancel(self._wake), self._changed:
                self._changed.wait_for(lambda: self._ended)
            if self._failure is not None:
                raise self._failure
            self._cancel.check()
        except BaseException:
            self._leave()
            raise
        finally:
            # Also ends a request whose bytes another connection has brought meanwhile.
            self._cancel.cancel()

    @property
    def _ended(self) -> bool:
        return self._outstanding == 0 or self._failure is not None or self._cancel.cancelled

    def _start(self, wanted: Sequence[tuple[Descriptor, Region, Counter]], journal: Journal) -> None:
        self._journal = journal
        if self._store:
            self._store.check_room(blob for blob, _, _ in wanted if not self._store.has(blob))
        for blob, region, counter in wanted:
            if self._store and self._store.has(blob):
                self._add_reuse(CachedBlobs(self._store, self._cancel), blob, region, counter)
            else:
                self._add_transfer(blob, region, counter)
        work = [self._hash] * min(os.cpu_count() or 1, _HASHERS_MAX)
        work += [self._fetch_chunks] * (self._connections.most if self._open else 0)
        work += [self._watch, lambda: journals.keep_journals(self._all, self._cancel)]
        self._threads = [threading.Thread(target=self._guard(part), name="dget-work", daemon=True) for part in work]
        for thread in self._threads:
            thread.start()

    def _add_transfer(self, blob: Descriptor, region: Region, counter: Counter) -> None:
        ingest = self._store.ingest(blob) if self._store else None
        if ingest is None:
            transfer = Transfer(blob, self._source, region, self._journal, counter)
        else:
            transfer = Transfer(blob, self._source, ingest.region, ingest, counter, ingest, region, self._journal)
        self._all.append(transfer)
        self._open.append(transfer)

    def _add_reuse(self, cached: CachedBlobs, blob: Descriptor, region: Region, counter: Counter) -> None:
        """From the cache: verified on the way like any other blob, or taken as it is."""
        if self._verify_cache:
            transfer = Transfer(blob, cached, region, None, counter)
            self._all.append(transfer)
            self._open.append(transfer)
            return
        cached.copy(blob, region)
        counter.reused = blob.size
        self._finish(blob, region)

    def _leave(self) -> None:
        self._cancel.cancel()
        deadline = time.monotonic() + _LETTING_GO
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        # Not synced: that may take long. A power cut soon after is found by the records' crc32. On a full disk the
        # last record stays what it was.
        with contextlib.suppress(StorageError):
            journals.keep(self._all, sync=False)
        for transfer in self._open:
            if transfer.ingest:
                transfer.ingest.leave()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _guard(self, work: Callable[[], None]) -> Callable[[], None]:
        def body() -> None:
            try:
                work()
            except Cancelled:
                return
            except BaseException as error:  # noqa: BLE001 - raised in run()
                with self._changed:
                    if self._failure is None and not self._cancel.cancelled:
                        self._failure = error
                    self._changed.notify_all()

        return body

    def _watch(self) -> None:
        while not self._ended:
            self._cancel.sleep(WATCH_EVERY)
            self._connections.watch(self._all)

    # Fetching.

    def _fetch_chunks(self) -> None:
        while (claim := self._claim()) is not None:
            wait = 0.0
            try:
                self._fetch(claim)
            except Superseded:
                continue
            except RangesIgnored:
                self._go_whole(claim)
            except Cancelled:
                raise
            except DgetError as error:
                wait = self._wait_after(claim, error)
            finally:
                self._connections.release(claim)
            self._cancel.sleep(wait)

    def _claim(self) -> Claim | None:
        with self._changed:
            while not self._ended:
                if claim := self._connections.claim(self._open):
                    return claim
                self._changed.wait()
        return None

    def _wait_after(self, claim: Claim, error: DgetError) -> float:
        """Seconds until this worker goes on after a failed request. Raises the error where it is final."""
        decision = self._connections.failed(claim, error, sum(transfer.counter.arrived for transfer in self._all))
        if isinstance(decision, GiveUp):
            raise decision.error from (None if decision.error is error else error)
        what = f"blob {claim.transfer.blob.digest.short}"
        self._observer(Retrying(what=what, error=error.message, seconds=decision.after))
        return decision.after

    def _fetch(self, claim: Claim) -> None:
        chunk = claim.chunk
        while not chunk.complete:
            before = chunk.position
            sink = ChunkSink(
                claim.transfer,
                claim.map,
                chunk,
                advanced=self._advanced,
                limit=None if claim.transfer.at_hand else self._rate_limit,
                cancel=self._cancel,
            )
            try:
                claim.transfer.source.read_blob(claim.transfer.blob, sink, start=chunk.position, stop=chunk.stop)
            finally:
                # What arrived before a failure counts.
                sink.flush()
            if chunk.position == before:
                raise NetworkError("the server sent nothing", temporary=True)

    def _advanced(self, transfer: Transfer) -> None:
        if transfer.hash_waits:
            self._wake()

    def _go_whole(self, claim: Claim) -> None:
        """The server knows no ranges: from now on blobs are fetched in one piece."""
        with self._changed:
            self._connections.ranges = False
            if claim.transfer.map is claim.map:
                error = NetworkError("the connection breaks off, and the server cannot resume a blob")
                self._restart(claim.transfer, error)
            for other in self._open:
                if other is not claim.transfer and other.untouched:
                    other.begin()
            self._changed.notify_all()

    def _restart(self, transfer: Transfer, error: IntegrityError | NetworkError) -> None:
        transfer.restarts += 1
        if transfer.restarts > _RESTARTS_MAX:
            raise error
        transfer.begin()

    # Hashing.

    def _hash(self) -> None:
        buffer = memoryview(bytearray(_BUFFER))
        while (transfer := self._next_to_hash()) is not None:
            self._follow(transfer, buffer)

    def _next_to_hash(self) -> Transfer | None:
        with self._changed:
            while not self._ended:
                for transfer in self._open:
                    if transfer.hash_waits:
                        transfer.hashing = True
                        return transfer
                self._changed.wait()
        return None

    def _follow(self, transfer: Transfer, buffer: memoryview) -> None:
        transfer.hash_step(buffer)
        with self._changed:
            if transfer.hashed < transfer.blob.size:
                transfer.hashing = False
                return
            if not transfer.matches:
                self._begin_afresh(transfer)
                return
        transfer.finish()
        with self._changed:
            self._open.remove(transfer)
        self._finish(transfer.blob, transfer.target)

    def _begin_afresh(self, transfer: Transfer) -> None:
        blob = transfer.blob
        if isinstance(transfer.source, CachedBlobs):
            transfer.source.discard(blob)
            self._open.remove(transfer)
            self._all.remove(transfer)
            self._add_transfer(blob, transfer.target, transfer.counter)
            text = f"the cache's copy of {blob.digest.short} is damaged: fetching it again"
        else:
            self._restart_damaged(transfer)
            text = f"blob {blob.digest.short} arrived damaged: fetching it again"
        transfer.hashing = False
        self._observer(Warned(text=text))
        self._changed.notify_all()

    def _restart_damaged(self, transfer: Transfer) -> None:
        if transfer.source.steady:
            raise DamagedFile(f"the bytes of blob {transfer.blob.digest} do not match their digest")
        error = IntegrityError(
            f"the bytes of blob {transfer.blob.digest} do not match their digest, after {transfer.restarts + 1} tries",
            hint="the registry, a proxy or a mirror in between serves damaged data; try another network or mirror",
        )
        try:
            self._restart(transfer, error)
        except IntegrityError:
            # Nothing of it is worth keeping.
            transfer.begin()
            raise

    def _finish(self, blob: Descriptor, region: Region) -> None:
        self._verified(blob, region)
        with self._changed:
            self._outstanding -= 1
            self._changed.notify_all()
