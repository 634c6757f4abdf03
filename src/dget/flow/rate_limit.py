"""Keeping a run to a rate: who takes bytes is told how long to wait for them."""

import threading

from dget.flow.clock import Clock

# Seconds of a pause that may be made up for.
_CREDIT = 1.0


class RateLimit:
    """rate: bytes a second, for all threads together."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self.rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._due: float | None = None

    def take(self, count: int) -> float:
        """Seconds to wait before `count` bytes count as here, so that they and all before them keep to the rate."""
        with self._lock:
            now = self._clock.monotonic()
            # A pause is made up for, yet a long one is no leave for a long burst.
            begun = now if self._due is None else max(self._due, now - _CREDIT)
            self._due = begun + count / self.rate
            return max(0.0, self._due - now)
