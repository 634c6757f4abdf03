"""Whether, and after how long, a failed request is tried again."""

import msgspec

from dget.errors import DgetError, NetworkError

ATTEMPTS_WITHOUT_PROGRESS = 5
# Of a host that cannot be reached: soon told of a name that was mistyped, patient once it was there (half a minute).
_ATTEMPTS_TO_FIND, _ATTEMPTS_TO_FIND_AGAIN = 2, 8
_FIRST_WAIT = 0.25
_WAIT_MAX = 30.0
# A longer wait than this is for the person to decide.
_SERVER_WAIT_MAX = 60.0


class Retry(msgspec.Struct, frozen=True):
    """after: seconds."""

    after: float


class GiveUp(msgspec.Struct, frozen=True):
    error: DgetError


def decide(error: DgetError, *, attempt: int, jitter: float, known: bool = False) -> Retry | GiveUp:
    """What to do about `error`.

    attempt: failures in a row without progress, this one counted; jitter: 0 to 1; known: whether its host was reached
    before.
    """
    retry_after = error.retry_after
    if not error.temporary:
        return GiveUp(error)
    if retry_after is not None and retry_after > _SERVER_WAIT_MAX:
        return GiveUp(error)
    if attempt >= _attempts(error, known=known):
        return GiveUp(error)
    return Retry(max(retry_after or 0.0, backoff(attempt, jitter)))


def _attempts(error: DgetError, *, known: bool) -> int:
    if not (isinstance(error, NetworkError) and error.unreachable):
        return ATTEMPTS_WITHOUT_PROGRESS
    return _ATTEMPTS_TO_FIND_AGAIN if known else _ATTEMPTS_TO_FIND


def backoff(attempt: int, jitter: float) -> float:
    """Seconds: doubling from a quarter, spread over half its length so that workers do not come back together."""
    return min(_WAIT_MAX, _FIRST_WAIT * 2.0 ** (attempt - 1)) * (0.75 + jitter / 2)
