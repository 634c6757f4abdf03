"""Who fetches what: claims of chunks, and taking over those that hold the others up."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dget.engine.chunk_map import Chunk, ChunkMap
from dget.engine.connection_limit import ConnectionLimit
from dget.engine.transfer import Transfer
from dget.errors import DgetError, NetworkError, RateLimited

_CHUNK_MIN, _CHUNK_MAX = 4 << 20, 8 << 20
# A connection that gave nothing for so long loses its chunk to another one; well before its own time-out.
_STALLED = 3.0
# The rest of a chunk is shared where its end is further away than this, and each half is worth a request.
_SLOW = 1.0
_SHARED_MIN = 512 << 10
WATCH_EVERY = 0.25


@dataclass(slots=True, eq=False)
class Claim:
    """A chunk in the hands of one connection. since, moved: monotonic seconds; seen: where it was when it moved."""

    transfer: Transfer
    map: ChunkMap
    chunk: Chunk
    since: float
    begun: int
    moved: float
    seen: int

    def seconds_left(self, now: float) -> float:
        """At the rate that this claim has had so far."""
        done = self.chunk.position - self.begun
        elapsed = now - self.since
        return self.chunk.left * elapsed / done if done else float("inf") if elapsed > _SLOW else 0.0


class Connections:
    """The claims of a run. `changed` guards everything here, and is notified when waiting may be over."""

    def __init__(self, limit: ConnectionLimit, changed: threading.Condition, *, hurry: bool) -> None:
        """hurry: whether a slow connection's chunk is shared with others; under a limit of the rate that is waste."""
        self._limit = limit
        self._changed = changed
        self._hurry = hurry
        self._claims: set[Claim] = set()
        self._pause_until = 0.0
        self._chunk_size = _CHUNK_MIN
        self._arrived = 0
        self._measured = time.monotonic()
        self.ranges = True

    @property
    def most(self) -> int:
        return self._limit.most

    def claim(self, transfers: Sequence[Transfer]) -> Claim | None:
        """The foremost bytes that nobody fetches, or a share of those of a slow connection; None where there are none."""
        now = time.monotonic()
        if len(self._claims) >= self._limit.now or now < self._pause_until:
            return None
        for transfer in transfers:
            with transfer.lock:
                chunk = transfer.map.claim(self._chunk_size if self.ranges else max(1, transfer.blob.size))
            if chunk is not None:
                return self._hold(transfer, chunk, now)
        return self._take_over(now) if self.ranges else None

    def release(self, claim: Claim) -> None:
        with self._changed:
            self._claims.discard(claim)
            self._changed.notify_all()

    def failed(self, error: DgetError, seconds: float) -> None:
        """A request failed and is tried again after `seconds`: the other connections spare its host as well."""
        if not isinstance(error, NetworkError | RateLimited):
            return
        with self._changed:
            self._limit.refused()
            if isinstance(error, RateLimited):
                self._pause_until = max(self._pause_until, time.monotonic() + seconds)

    def watch(self, transfers: Sequence[Transfer]) -> None:
        """Measures, adapts, and wakes those who wait."""
        with self._changed:
            now = time.monotonic()
            arrived = sum(transfer.counter.arrived for transfer in transfers)
            rate = (arrived - self._arrived) / max(now - self._measured, 0.001)
            self._arrived, self._measured = arrived, now
            self._limit.measured(rate, busy=len(self._claims))
            # About a second's worth: longer requests waste less of a long way, shorter ones are shared better.
            self._chunk_size = int(min(max(rate / max(len(self._claims), 1), _CHUNK_MIN), _CHUNK_MAX))
            for claim in self._claims:
                if claim.chunk.position != claim.seen:
                    claim.seen, claim.moved = claim.chunk.position, now
            self._changed.notify_all()

    def _hold(self, transfer: Transfer, chunk: Chunk, now: float) -> Claim:
        claim = Claim(transfer, transfer.map, chunk, now, chunk.position, now, chunk.position)
        self._claims.add(claim)
        return claim

    def _take_over(self, now: float) -> Claim | None:
        slowest = max(self._claims, key=lambda claim: claim.seconds_left(now), default=None)
        if slowest is None or slowest.transfer.map is not slowest.map:
            return None
        transfer, chunk = slowest.transfer, slowest.chunk
        with transfer.lock:
            if chunk.complete:
                return None
            if now - slowest.moved > _STALLED:
                return self._hold(transfer, transfer.map.take_over(chunk, chunk.position), now)
            if self._hurry and slowest.seconds_left(now) > _SLOW and chunk.left >= 2 * _SHARED_MIN:
                return self._hold(transfer, transfer.map.take_over(chunk, chunk.position + chunk.left // 2), now)
        return None
