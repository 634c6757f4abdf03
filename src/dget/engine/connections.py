"""Who fetches what: claims of chunks, and taking over those that hold the others up."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from dget.engine.chunk_map import Chunk, ChunkMap
from dget.engine.sources import Source
from dget.engine.transfer import Transfer
from dget.engine.trial import TRIAL_SIZE
from dget.errors import DgetError
from dget.protocol.connection_limit import ConnectionLimit
from dget.protocol.retry import GiveUp, Retry, backoff, decide

# A chunk is a second's worth of one connection: longer requests waste less of a long way, shorter ones are shared better.
_CHUNK_MIN, _CHUNK_MAX = 4 << 20, 8 << 20
# Towards the end, where the last one is waited for, so many seconds' worth or so many times the wait for an answer.
_LAST, _LAST_WAITS = 0.1, 4
# So much is worth a request.
_REQUEST_MIN = 512 << 10
# Where it is so fast that this is over at once, as many seconds' worth as these: Debian's registry spends 0.9 s of
# processor time a GB in requests of 8 MB, 0.6 in those of 32.
_VAST, _VAST_MAX = 0.1, 32 << 20
# A connection that gave nothing for so long loses its chunk to another one; well before its own time-out.
_STALLED = 3.0
# A chunk of which so many in a row got nothing is left to the last one's time-out, so that a dead pull ends.
_SILENT_MAX = 3
# The rest of a chunk is shared where its end is further away than this, and each half is worth a request.
_SLOW = 1.0
# What is shared may be under way already, and then comes twice: at most so much of all there is to fetch...
_SHARED_MAX = 0.03
# ...unless its end is so far away that next to nothing of it can be.
_HOPELESS = 10.0
# What a request costs beside its bytes, in seconds, and how many bytes tell a rate.
_REQUEST = 0.05
# To several hosts together: each connection holds up to 1 MB.
_ALL_MOST = 32
_FOREMOST = 2
_MEASURABLE = 64 << 10
# The first looks are early ones: they tell whether more connections than the first are wanted.
FIRST_WATCHES, WATCH_EVERY = (0.05, 0.05), 0.1


class Claim(msgspec.Struct, eq=False):
    """A chunk in the hands of one connection.

    since, answered, moved: monotonic seconds: of the request, the first bytes, and the last look that saw it move; first,
    seen: where it was at the start, and at that look.
    silent: how many connections in a row went silent before they got anything of it; trial: whether its source is a
    stranger whose bytes are compared before they count.
    """

    transfer: Transfer
    map: ChunkMap
    chunk: Chunk
    source: Source
    trial: bool
    since: float
    moved: float
    seen: int
    first: int
    answered: float | None = None
    silent: int = 0

    def note(self, now: float) -> int:
        """Looks at how far it is; bytes that came since the last look."""
        came = self.chunk.position - self.seen
        if came:
            self.seen, self.moved = self.chunk.position, now
        return came

    def begins(self) -> None:
        """Bytes come: when the first ones did is kept."""
        if self.answered is None:
            self.answered = time.monotonic()

    def seconds_left(self, now: float) -> float:
        """At the rate since the first bytes came; 0 where that is not known yet."""
        done = self.chunk.position - self.first
        return self.chunk.left * (now - self.answered) / done if self.answered is not None and done else 0.0

    @property
    def latency(self) -> float:
        """Seconds from the request to the first bytes."""
        return 0.0 if self.answered is None else self.answered - self.since


class Connections:
    """The claims of a run. `changed` guards everything here, and is notified when waiting may be over."""

    def __init__(self, changed: threading.Condition, *, hurry: bool) -> None:
        """hurry: whether a slow connection's chunk is shared with others; under a limit of the rate that is waste."""
        self._changed = changed
        self._hurry = hurry
        self._claims: set[Claim] = set()
        # By host: connections in use, and bytes that came since the last look.
        self._busy: Counter[ConnectionLimit] = Counter()
        self._came: Counter[ConnectionLimit] = Counter()
        self._pause_until = 0.0
        self._failures = 0
        self._arrived_at_failure = -1
        self._shared = 0
        self._measured = time.monotonic()
        self.ranges = True

    def wanted(self, transfers: Sequence[Transfer]) -> int:
        """How many connections there should be now, to all hosts together."""
        limits = {source.limit for transfer in transfers for source in transfer.sources.all(transfer.blob)}
        return min(sum(limit.now for limit in limits), max((_ALL_MOST, *(limit.most for limit in limits))))

    def claim(self, transfers: Sequence[Transfer]) -> Claim | None:
        """The foremost bytes that nobody fetches, or a share of those of a slow connection; None where there are none."""
        now = time.monotonic()
        if now < self._pause_until:
            return None
        # Who brings a blob's front hashes it on the way: the two foremost ones have it brought by one connection each.
        foremost = sorted(transfers[:_FOREMOST], key=lambda transfer: transfer.map.front_claimed)
        for transfer in [*foremost, *transfers[_FOREMOST:]]:
            source = transfer.sources.choose(transfer.blob, now, self._free)
            if source is None:
                continue
            with transfer.lock:
                chunk = transfer.map.claim(self._size(transfer, source, transfers), source.name)
            if chunk is not None:
                return self._hold(transfer, chunk, source, now)
        return self._take_over(now, sum(transfer.blob.size for transfer in transfers)) if self.ranges else None

    def release(self, claim: Claim) -> None:
        with self._changed:
            self._claims.discard(claim)
            self._came[claim.source.limit] += claim.note(time.monotonic())
            self._busy[claim.source.limit] -= 1
            claim.source.busy -= 1
            done = claim.chunk.position - claim.first
            if not claim.trial and done >= _MEASURABLE:
                claim.source.measured(done, time.monotonic() - claim.since)
            if not claim.trial and claim.answered is not None:
                claim.source.answered(claim.latency)
            self._changed.notify_all()

    def failed(self, claim: Claim, error: DgetError, arrived: int) -> Retry | GiveUp:
        """Gives a failed claim's chunk back; whether the pull goes on.

        arrived: bytes of all blobs so far. Failures count for the host as a whole: those that come while it is spared
        are one, and whatever arrives from it starts the count again, so that a pull that moves is never given up.
        """
        now, jitter = time.monotonic(), random.random()  # noqa: S311 - no secret
        transfer = claim.transfer
        with self._changed:
            with transfer.lock:
                fruitless = claim.chunk.position == claim.first
                claim.map.give_back(claim.chunk)
            if fruitless and error.temporary and now >= max(self._pause_until, claim.source.spared_until):
                claim.source.limit.refused()
            if transfer.sources.failed(claim.source, error, transfer.blob, now, jitter):
                return Retry(0.0)
            spared = now < self._pause_until
            if arrived != self._arrived_at_failure:
                self._arrived_at_failure, self._failures = arrived, 1
            elif not spared:
                self._failures += 1
            decision = decide(error, attempt=self._failures, jitter=jitter, known=True)
            if isinstance(decision, GiveUp):
                return decision
            wait = max(decision.after, backoff(claim.chunk.failures, jitter))
            if fruitless and not spared:
                self._pause_until = now + decision.after
            return Retry(wait)

    def others(self, claim: Claim) -> list[Source]:
        """Who else has its blob."""
        with self._changed:
            return claim.transfer.sources.others(claim.source, claim.transfer.blob)

    def without_ranges(self, claim: Claim) -> bool:
        """Its source gives no parts of blobs; whether others do, who get its chunk then."""
        with self._changed:
            claim.source.host.ranges = False
            others = claim.transfer.sources.others(claim.source, claim.transfer.blob)
            if not any(other.ranges for other in others):
                return False
            with claim.transfer.lock:
                claim.map.give_back(claim.chunk)
            return True

    def watch(self) -> None:
        """Measures, adapts, and wakes those who wait."""
        with self._changed:
            now = time.monotonic()
            seconds, self._measured = max(now - self._measured, 0.001), now
            for claim in self._claims:
                self._came[claim.source.limit] += claim.note(now)
            # A stranger's first bytes are held until they have been compared.
            trying = {claim.source.limit for claim in self._claims if claim.trial}
            for limit in self._busy.keys() - trying:
                limit.measured(self._came[limit] / seconds, busy=self._busy[limit])
            self._came.clear()
            self._changed.notify_all()

    def _free(self, source: Source) -> bool:
        """Whether it may have one more connection."""
        return self._busy[source.limit] < source.limit.now

    def _size(self, transfer: Transfer, source: Source, transfers: Sequence[Transfer]) -> int:
        if transfer.at_hand or not (self.ranges and source.ranges):
            return max(1, transfer.blob.size)
        alone = not transfer.sources.others(source, transfer.blob)
        if not alone and not source.proven:
            return TRIAL_SIZE
        if not source.rate:
            return _CHUNK_MIN
        # What a slow host holds is what the others wait for in the end.
        least = _CHUNK_MIN if alone else _REQUEST_MIN
        size = max(least, min(source.rate, _CHUNK_MAX), min(source.lately * _VAST, 2 * source.latest, _VAST_MAX))
        # Towards the end they are small, so that all connections come to it together.
        last = min(_CHUNK_MIN, max(_REQUEST_MIN, source.rate * max(_LAST, _LAST_WAITS * source.latency)))
        rest = sum(other.map.unclaimed for other in transfers if not other.at_hand)
        return int(min(size, max(last, rest // (2 * source.limit.now))))

    def _hold(self, transfer: Transfer, chunk: Chunk, source: Source, now: float) -> Claim:
        at = chunk.position
        # A whole blob is not held in memory: its digest decides.
        trial = not source.proven and chunk.left <= 2 * TRIAL_SIZE
        claim = Claim(transfer, transfer.map, chunk, source, trial, now, now, at, at)
        if not self._claims:
            self._measured = now
        if source.limit not in self._busy:
            source.limit.begin()
        source.busy += 1
        self._busy[source.limit] += 1
        self._claims.add(claim)
        return claim

    def _take_over(self, now: float, total: int) -> Claim | None:
        """total: bytes of the blobs that are not done yet."""
        under_way = [
            claim for claim in self._claims if claim.source.ranges and not claim.chunk.complete and self._taker(claim)
        ]
        if not under_way:
            return None
        if self._hurry and (rescued := self._rescue(under_way, now)) is not None:
            return rescued
        stalled = min(under_way, key=lambda claim: claim.moved)
        if now - stalled.moved > _STALLED and stalled.silent < _SILENT_MAX:
            return self._share(stalled, now, 0)
        slowest = max(under_way, key=lambda claim: claim.seconds_left(now))
        if not self._hurry or slowest.chunk.left < 2 * _REQUEST_MIN:
            return None
        left, half = slowest.seconds_left(now), slowest.chunk.left // 2
        affordable = left > _HOPELESS or self._shared + half <= _SHARED_MAX * total
        if left < max(_SLOW, 4 * slowest.latency) or not affordable:
            return None
        self._shared += half
        return self._share(slowest, now, half)

    def _rescue(self, under_way: Sequence[Claim], now: float) -> Claim | None:
        """Takes a chunk away from a host that is far slower than another one would be."""
        for claim in under_way:
            better = claim.transfer.sources.better(claim.source, claim.transfer.blob)
            if better is None or not self._free(better):
                continue
            needed = _REQUEST + claim.chunk.left * (better.busy + 1) / better.rate
            waited = now - claim.since
            left = waited if claim.answered is None else claim.seconds_left(now)
            if min(left, waited) > 2 * needed:
                return self._share(claim, now, 0)
        return None

    def _share(self, claim: Claim, now: float, ahead: int) -> Claim | None:
        """Takes the bytes from `ahead` of its position on away from a claim; None where it has come to its end."""
        transfer, chunk = claim.transfer, claim.chunk
        with transfer.lock:
            at = max(chunk.position + ahead, chunk.reserved)
            taker = self._taker(claim)
            if transfer.map is not claim.map or at >= chunk.stop or taker is None:
                return None
            rest = transfer.map.take_over(chunk, at)
            rest.source = taker.name
            taken = self._hold(transfer, rest, taker, now)
            taken.silent = claim.silent + 1 if claim.answered is None else 0
            return taken

    def _taker(self, claim: Claim) -> Source | None:
        """Who may fetch the rest of a claim's chunk; None where nobody is free."""
        sources, blob = claim.transfer.sources, claim.transfer.blob
        proven = [other for other in sources.others(claim.source, blob) if other.proven]
        able = (sources.better(claim.source, blob), *proven, claim.source)
        return next((source for source in able if source and self._free(source)), None)
