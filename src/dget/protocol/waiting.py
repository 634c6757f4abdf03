"""When a registry that allows no more requests allows them again."""

import math
from datetime import datetime, timedelta

from dget.errors import RateLimited

# Sooner than this the same answer would come again: the short waits were tried already.
_PAUSE_MIN = 15.0


def pause(error: RateLimited) -> float | None:
    """Seconds until the quota renews; None where the registry does not say."""
    return None if error.retry_after is None else max(error.retry_after, _PAUSE_MIN)


def when_to_come_back(error: RateLimited, now: datetime) -> str | None:
    """A hint, where the registry says when. now: as the person's clock shows it."""
    if error.retry_after is None:
        return None
    return f"come back {until(error.retry_after, now)}, or let dget wait: --wait"


def until(seconds: float, now: datetime) -> str:
    """`at 14:05 (in 1 h 5 min)`; the day too, where it is another."""
    # A minute that has begun is waited for.
    end = now + timedelta(seconds=seconds)
    if end.second or end.microsecond:
        end = end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    day = "" if end.date() == now.date() else f"{end:%Y-%m-%d} "
    return f"at {day}{end:%H:%M} (in {in_words(seconds)})"


def in_words(seconds: float) -> str:
    """`50 s`, `5 min`, `1 h 5 min`; what has begun counts as a whole."""
    if seconds < 100:
        return f"{max(1, math.ceil(seconds))} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
