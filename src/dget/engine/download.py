"""Fetching blobs over several connections at once, each verified while it arrives."""

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from dget.codec import Region
from dget.engine import journals
from dget.engine.awaited import AWAIT_EVERY, Awaited
from dget.engine.cached_blobs import CachedBlobs
from dget.engine.connection_limit import ConnectionLimit
from dget.engine.connections import WATCH_EVERY, Claim, Connections
from dget.engine.fetching import Fetching
from dget.engine.liar import find_liar
from dget.engine.sources import Sources
from dget.engine.transfer import ChunkSink, Journal, Superseded, Transfer
from dget.engine.trial import compare, fetch_held
from dget.errors import Cancelled, DamagedFile, DgetError, IntegrityError, NetworkError, StorageError
from dget.flow import Cancel, Counter, Noted, Observer, Retrying, Warned
from dget.model import Descriptor
from dget.protocol.retry import GiveUp
from dget.registry import RangesIgnored
from dget.store import BlobStore, Ingest

_RESTARTS_MAX = 3
_HASHERS_MAX = 4
# Blobs under way at once; more would meet the system's limit of open files.
_OPEN_MAX = 32
_BUFFER = 1 << 20
# How long threads of a failed run may take to let go of their files.
_LETTING_GO = 0.4

# A blob, where it is to be, or None where it is to wait in a store, and how far it is.
Wanted: TypeAlias = tuple[Descriptor, Region | None, Counter]


class Download:
    """Brings blobs to their regions; `run` returns when all are there and verified.

    Workers fetch chunks, hashers follow them, a watch adapts the number of connections, and journals are kept; all on
    daemon threads, so that none can hold up the end of the process. The first error ends all.
    """

    def __init__(
        self,
        sources: Callable[[Descriptor], Sources],
        store: BlobStore | None,
        *,
        fetching: Fetching,
        cancel: Cancel,
        observer: Observer,
        verified: Callable[[Descriptor], None],
    ) -> None:
        """sources: of each blob; store: the cache; cancel: of this run alone, since its end cancels it; verified: is told
        each blob that is whole.
        """
        self._sources = sources
        self._store = store
        self._spool: BlobStore | None = None
        self._fetching = fetching
        self._cancel = cancel
        self._observer = observer
        self._verified = verified
        self._changed = threading.Condition()
        self._connections = Connections(
            ConnectionLimit(fetching.connections), self._changed, hurry=not fetching.rate_limit
        )
        self._waiting: deque[Wanted] = deque()
        self._all: list[Transfer] = []
        self._open: list[Transfer] = []
        self._awaited: list[Awaited] = []
        self._outstanding = 0
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def run(
        self,
        wanted: Sequence[Wanted],
        journal: Journal | None,
        *,
        spool: BlobStore | None = None,
        beside: Callable[[], None] | None = None,
    ) -> None:
        """Raises what the first failing part raised; what arrived is then in the journals, for a later run.

        journal: of the regions, used for blobs that do not go through the cache; spool: takes blobs without a region
        that the cache does not take; beside: work on a thread of its own, for whose end the run waits too.
        """
        self._spool = spool
        self._outstanding = len(wanted) + (1 if beside else 0)
        try:
            self._start(wanted, journal, [lambda: self._done(beside)] if beside else [])
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

    def _start(self, wanted: Sequence[Wanted], journal: Journal | None, beside: Sequence[Callable[[], None]]) -> None:
        self._journal = journal
        if self._store:
            self._store.need(blob.digest for blob, _, _ in wanted)
        if self._store and self._store.writable:
            self._store.check_room(blob for blob, _, _ in wanted if not self._store.has(blob))
        self._waiting.extend(wanted)
        self._admit()
        work = [*beside]
        work += [self._hash] * min(os.cpu_count() or 1, _HASHERS_MAX)
        work += [self._fetch_chunks] * (self._connections.most if self._open or self._awaited else 0)
        work += [self._watch, self._await_others, lambda: journals.keep_journals(self._all, self._cancel)]
        self._threads = [threading.Thread(target=self._guard(part), name="dget-work", daemon=True) for part in work]
        for thread in self._threads:
            thread.start()

    def _admit(self) -> None:
        """Begins with the next blobs: each one that is open holds files."""
        while len(self._open) < _OPEN_MAX:
            try:
                blob, region, counter = self._waiting.popleft()
            except IndexError:
                return
            if self._store and self._store.has(blob):
                self._add_reuse(CachedBlobs(self._store, self._cancel), blob, region, counter)
            else:
                self._add_transfer(blob, region, counter)

    def _add_transfer(self, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        if self._store is None or not self._store.writable:
            self._add_past_cache(blob, region, counter)
        elif (ingest := self._store.ingest(blob)) is None:
            self._observer(
                Noted(text=f"another process brings blob {blob.digest.short} into the cache: waiting for it")
            )
            self._awaited.append(Awaited(blob, region, counter, time.monotonic()))
        else:
            self._add_ingest(ingest, blob, region, counter)

    def _add_ingest(self, ingest: Ingest, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        store = ingest.store
        if store.has(blob):
            # Whoever had the lock before us has brought it.
            ingest.abandon()
            self._add_reuse(CachedBlobs(store, self._cancel), blob, region, counter)
            return
        self._add(
            Transfer(
                blob,
                self._sources(blob),
                ingest.region,
                ingest,
                counter,
                ingest,
                target=region,
                elsewhere=self._journal,
            )
        )

    def _add_past_cache(self, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        if region is None:
            self._add_ingest(self._spooled(blob), blob, region, counter)
            return
        self._add(Transfer(blob, self._sources(blob), region, self._journal, counter, target=region))

    def _add(self, transfer: Transfer) -> None:
        with self._changed:
            if self._cancel.cancelled and transfer.ingest:
                # Nobody would let go of it later.
                transfer.ingest.leave()
                return
            self._all.append(transfer)
            self._open.append(transfer)
            self._changed.notify_all()

    def _spooled(self, blob: Descriptor) -> Ingest:
        """A place for a blob that the cache does not take: there is none, or the process that brings it hangs."""
        ingest = self._spool.ingest(blob) if self._spool else None
        if ingest is None:
            raise DgetError(f"there is no place for blob {blob.digest}")
        return ingest

    def _add_reuse(self, cached: CachedBlobs, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        """From the cache: verified on the way like any other blob, or taken as it is."""
        if self._fetching.verify_cache:
            here = cached.in_place(blob) if region is None else cached.shared(blob, region) or region
            self._add(Transfer(blob, cached, here, None, counter, target=region))
            return
        if region is not None:
            cached.copy(blob, region)
        counter.reused = blob.size
        self._finish(blob)

    def _done(self, work: Callable[[], None]) -> None:
        work()
        with self._changed:
            self._outstanding -= 1
            self._changed.notify_all()

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

    # What other processes bring.

    def _await_others(self) -> None:
        while not self._ended:
            self._cancel.sleep(AWAIT_EVERY)
            for one in list(self._awaited):
                if self._settled(one):
                    self._awaited.remove(one)

    def _settled(self, one: Awaited) -> bool:
        """Whether the blob is there, or ours to bring since the other process ended or hangs."""
        assert self._store is not None
        here = one.blob, one.region, one.counter
        if self._store.has(one.blob):
            self._add_reuse(CachedBlobs(self._store, self._cancel), *here)
        elif ingest := self._store.ingest(one.blob):
            one.counter.elsewhere = 0
            self._observer(Noted(text=f"blob {one.blob.digest.short} is ours to bring: the other process let go of it"))
            self._add_ingest(ingest, *here)
        elif not one.grown(self._store.arriving(one.blob), time.monotonic(), self._fetching.patience):
            one.counter.elsewhere = 0
            self._observer(Noted(text=f"the process that brings blob {one.blob.digest.short} hangs: fetching it too"))
            self._add_past_cache(*here)
        else:
            return False
        return True

    # Fetching.

    def _fetch_chunks(self) -> None:
        while (claim := self._claim()) is not None:
            with _about(claim.transfer.blob):
                wait = self._fetch_claim(claim)
            self._cancel.sleep(wait)

    def _fetch_claim(self, claim: Claim) -> float:
        """Seconds until this worker goes on."""
        try:
            if claim.trial and self._connections.others(claim):
                self._try_out(claim)
            self._fetch(claim)
        except Superseded:
            return 0.0
        except RangesIgnored:
            self._without_ranges(claim)
        except Cancelled:
            raise
        except DgetError as error:
            return self._wait_after(claim, error)
        finally:
            self._connections.release(claim)
        return 0.0

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

    def _try_out(self, claim: Claim) -> None:
        """A stranger's chunk: what of it counts was compared with another host's."""
        blob, chunk, source = claim.transfer.blob, claim.chunk, claim.source
        begun = time.monotonic()
        mine = fetch_held(source, blob, chunk.position, chunk.stop)
        with self._changed:
            source.measured(len(mine), time.monotonic() - begun)
        if chunk.complete:
            raise Superseded
        data, giver, wrong = compare(mine, source, self._connections.others(claim), blob, chunk.position)
        if wrong is not None:
            source.host.drop(wrong)
        chunk.source = giver.name
        sink = self._sink(claim)
        sink.write(data)
        sink.flush()

    def _fetch(self, claim: Claim) -> None:
        chunk = claim.chunk
        while not chunk.complete:
            before = chunk.position
            sink = self._sink(claim)
            try:
                claim.source.host.read_blob(claim.transfer.blob, sink, start=chunk.position, stop=chunk.stop)
            finally:
                # What arrived before a failure counts.
                sink.flush()
            if chunk.position == before:
                raise NetworkError("the server sent nothing", temporary=True)

    def _sink(self, claim: Claim) -> ChunkSink:
        return ChunkSink(
            claim.transfer,
            claim.map,
            claim.chunk,
            advanced=self._advanced,
            limit=None if claim.transfer.at_hand else self._fetching.rate_limit,
            cancel=self._cancel,
        )

    def _advanced(self, transfer: Transfer) -> None:
        if transfer.hash_waits:
            self._wake()

    def _without_ranges(self, claim: Claim) -> None:
        """A server knows no ranges: others are asked; where there are none, blobs are fetched in one piece from now on."""
        with self._changed:
            if self._connections.without_ranges(claim):
                return
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
            with _about(transfer.blob):
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
            liars = self._liars(transfer)
            with self._changed:
                self._begin_afresh(transfer, liars)
            return
        transfer.finish()
        with self._changed:
            self._open.remove(transfer)
        self._admit()
        self._finish(transfer.blob)

    def _liars(self, transfer: Transfer) -> set[str]:
        """Whose bytes of a damaged blob are to be fetched again; empty where that cannot be told.

        Those of hosts that were left out meanwhile; else of the one that is found out, and left out from now on.
        """
        with self._changed:
            sources = transfer.sources.all(transfer.blob)
        records = transfer.records()
        gone = {record.source for record in records} - {source.name for source in sources}
        if gone or len(sources) == 1:
            return gone
        found = find_liar(records, transfer.blob, sources)
        if found is None:
            return set()
        liar, witness = found
        liar.host.drop(f"its bytes of blob {transfer.blob.digest.short} are not those that {witness.name} gives")
        return {liar.name}

    def _begin_afresh(self, transfer: Transfer, liars: set[str]) -> None:
        blob = transfer.blob
        if liars:
            transfer.keep([record for record in transfer.records() if record.source not in liars])
            names = ", ".join(sorted(filter(None, liars))) or "an earlier run"
            text = f"blob {blob.digest.short} arrived damaged: fetching again what {names} gave of it"
        elif transfer.cached:
            transfer.cached.discard(blob)
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
        if transfer.sources.steady:
            raise DamagedFile(f"the bytes of blob {transfer.blob.digest} do not match their digest")
        hosts = ", ".join(source.name for source in transfer.sources.all(transfer.blob))
        error = IntegrityError(
            f"the bytes of blob {transfer.blob.digest} from {hosts} do not match their digest, "
            f"after {transfer.restarts + 1} tries",
            hint="the registry, a proxy or a mirror in between serves damaged data; try another network or mirror",
        )
        try:
            self._restart(transfer, error)
        except IntegrityError:
            # Nothing of it is worth keeping.
            transfer.begin()
            raise

    def _finish(self, blob: Descriptor) -> None:
        self._done(lambda: self._verified(blob))


@contextlib.contextmanager
def _about(blob: Descriptor) -> Iterator[None]:
    """Errors tell which blob they are about."""
    try:
        yield
    except DgetError as error:
        error.blob = str(blob.digest)
        raise
