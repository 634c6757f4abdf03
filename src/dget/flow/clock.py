"""Time, as an argument."""

import time
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds that only go forward, from an arbitrary start."""
        ...

    def time(self) -> float:
        """Seconds since 1970, as the machine believes."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()
