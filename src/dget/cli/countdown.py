"""A wait that the person sees: a line that counts down on a terminal, a line now and then elsewhere."""

import threading
import time
from collections.abc import Callable

from dget.cli.units import duration

_LINE_EVERY = 60.0
_LIVE_EVERY = 1.0


def count_down(seconds: float, say: Callable[[str], None], stop: threading.Event) -> None:
    """A line a minute until the time is over, or `stop` is set."""
    _every(_LINE_EVERY, seconds, lambda left: say(f"waiting: {duration(left)} left"), stop)


def count_down_live(seconds: float, write: Callable[[str], None], stop: threading.Event) -> None:
    """One line that is written over each second, and is gone at the end."""
    _every(_LIVE_EVERY, seconds, lambda left: write(f"\r\x1b[Kwaiting: {duration(left)} left (Ctrl-C ends)"), stop)
    write("\r\x1b[K")


def _every(step: float, seconds: float, show: Callable[[float], None], stop: threading.Event) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        show(left)
        if stop.wait(min(step, left)):
            return
