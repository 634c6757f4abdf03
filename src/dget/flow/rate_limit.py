"""Keeping a run to a rate: who takes bytes is told how long to wait for them."""

import threading

from dget.flow.clock import Clock


class RateLimit:
    """rate: bytes a second, for all threads together."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self.rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._due: float | None = None

    def take(self, count: int) -> float:
        """Seconds to wait after `count` bytes, so that they and all before them keep to the rate."""
        with self._lock:
            now = self._clock.monotonic()
            # Time in which nothing came is not saved up for later.
            begun = now if self._due is None else max(self._due, now)
            self._due = begun + count / self.rate
            return self._due - now
