"""Fetching blobs over several connections at once, each verified while it arrives."""

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from dget.engine import journals
from dget.engine.admission import Admission, Wanted
from dget.engine.awaited import AWAIT_EVERY
from dget.engine.connections import FIRST_WATCHES, WATCH_EVERY, Claim, Connections
from dget.engine.fetching import Fetching
from dget.engine.liar import find_liar
from dget.engine.sources import Sources
from dget.engine.transfer import ChunkSink, Journal, Superseded, Transfer
from dget.engine.trial import compare, fetch_held
from dget.errors import Cancelled, DamagedFile, DgetError, IntegrityError, NetworkError, StorageError
from dget.flow import Cancel, Observer, Retrying, Warned
from dget.model import Descriptor
from dget.protocol.retry import GiveUp
from dget.registry import RangesIgnored
from dget.store import BlobStore

_RESTARTS_MAX = 3
_HASHERS_MAX = 4
# Blobs under way at once; more would meet the system's limit of open files.
_OPEN_MAX = 32
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
        self._fetching = fetching
        self._cancel = cancel
        self._observer = observer
        self._verified = verified
        lock = threading.RLock()
        # Hashers wait on a condition of their own: batches come by the thousand, and concern nobody else.
        self._changed = threading.Condition(lock)
        self._ripe = threading.Condition(lock)
        self._connections = Connections(self._changed, hurry=not fetching.rate_limit)
        self._all: list[Transfer] = []
        self._open: list[Transfer] = []
        self._outstanding = 0
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._fetching_threads = 0
        self._admission = Admission(
            sources, store, fetching, cancel=cancel, observer=observer, add=self._add, finish=self._finish
        )

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
        self._outstanding = len(wanted) + (1 if beside else 0)
        try:
            self._admission.open(wanted, journal, spool)
            self._start([lambda: self._done(beside)] if beside else [])
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

    def _start(self, beside: Sequence[Callable[[], None]]) -> None:
        self._admit()
        work = [*beside]
        work += [self._hash] * min(os.cpu_count() or 1, _HASHERS_MAX)
        work += [self._watch, self._await_others, lambda: journals.keep_journals(self._all, self._cancel)]
        self._employ()
        for part in work:
            self._begin(part)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guard(work), name="dget-work", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _employ(self) -> None:
        """As many threads as connections are wanted; those that were are there to stay."""
        with self._changed:
            wanted = self._connections.wanted(self._open)
        while self._fetching_threads < wanted:
            self._fetching_threads += 1
            self._begin(self._fetch_chunks)

    def _admit(self) -> None:
        """Begins with the next blobs: each one that is open holds files."""
        while len(self._open) < _OPEN_MAX and self._admission.next():
            pass

    def _await_others(self) -> None:
        while not self._ended:
            self._cancel.sleep(AWAIT_EVERY)
            self._admission.look_at_awaited()

    def _add(self, transfer: Transfer) -> None:
        with self._changed:
            if self._cancel.cancelled and transfer.ingest:
                # Nobody would let go of it later.
                transfer.ingest.leave()
                return
            self._all.append(transfer)
            self._open.append(transfer)
            self._wake()

    def _done(self, work: Callable[[], None]) -> None:
        work()
        with self._changed:
            self._outstanding -= 1
            self._wake()

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
            self._ripe.notify_all()

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
                    self._wake()

        return body

    def _watch(self) -> None:
        waits = itertools.chain(FIRST_WATCHES, itertools.repeat(WATCH_EVERY))
        while not self._ended:
            self._cancel.sleep(next(waits))
            self._connections.watch()
            self._employ()

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
        begun, sink = time.monotonic(), self._sink(claim)
        mine = fetch_held(source, blob, chunk.position, sink.stop)
        with self._changed:
            source.measured(len(mine), time.monotonic() - begun)
        if chunk.complete:
            raise Superseded
        data, giver, wrong = compare(mine, source, self._connections.others(claim), blob, chunk.position)
        if wrong is not None:
            source.host.drop(wrong)
        chunk.source = giver.name
        sink.write(data)

    def _fetch(self, claim: Claim) -> None:
        chunk = claim.chunk
        while (sink := self._sink(claim)).stop > (before := chunk.position):
            claim.source.host.read_blob(claim.transfer.blob, sink, start=before, stop=sink.stop)
            if chunk.position == before:
                raise NetworkError("the server sent nothing", temporary=True)

    def _sink(self, claim: Claim) -> ChunkSink:
        return ChunkSink(
            claim.transfer,
            claim.map,
            claim.chunk,
            begins=claim.begins,
            advanced=self._advanced,
            limit=None if claim.transfer.at_hand else self._fetching.rate_limit,
            cancel=self._cancel,
        )

    def _advanced(self, transfer: Transfer) -> None:
        if transfer.hash_waits:
            with self._changed:
                self._ripe.notify()

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
        with self._ripe:
            while not self._ended:
                for transfer in self._open:
                    if transfer.hash_waits and transfer.hashing.acquire(blocking=False):
                        return transfer
                self._ripe.wait()
        return None

    def _follow(self, transfer: Transfer, buffer: memoryview) -> None:
        transfer.hash_step(buffer)
        with self._changed:
            if transfer.hashed < transfer.blob.size:
                transfer.hashing.release()
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
            self._admission.fetch(blob, transfer.target, transfer.counter)
            text = f"the cache's copy of {blob.digest.short} is damaged: fetching it again"
        else:
            self._restart_damaged(transfer)
            text = f"blob {blob.digest.short} arrived damaged: fetching it again"
        transfer.hashing.release()
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
