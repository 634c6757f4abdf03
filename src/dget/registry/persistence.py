"""Trying again, as `protocol.retry` decides."""

import random
from collections.abc import Callable
from typing import TypeVar

from dget.errors import DgetError
from dget.flow import Cancel, Observer, Retrying
from dget.protocol.retry import GiveUp, decide

T = TypeVar("T")


def persist(
    action: Callable[[], T],
    *,
    what: str,
    cancel: Cancel,
    observer: Observer,
    progress: Callable[[], int] = lambda: 0,
    failed: Callable[[DgetError, float], None] | None = None,
) -> T:
    """The result of `action`, called until it succeeds or its error is final.

    progress: bytes done so far; when it grew since the last failure, the count of attempts starts again.
    failed: is told each error that is tried again, and the seconds until then.
    """
    attempt, done = 0, progress()
    while True:
        try:
            return action()
        except DgetError as error:
            attempt = attempt + 1 if progress() == done else 1
            done = progress()
            decision = decide(error, attempt=attempt, jitter=random.random())  # noqa: S311 - no secret
            if isinstance(decision, GiveUp):
                if decision.error is error:
                    raise
                raise decision.error from error
            if failed:
                failed(error, decision.after)
            observer(Retrying(what=what, error=error.message, seconds=decision.after))
        cancel.sleep(decision.after)
