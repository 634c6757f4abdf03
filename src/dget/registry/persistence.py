"""Trying again, as `protocol.retry` decides."""

import random
from collections.abc import Callable
from typing import TypeVar

from dget.errors import DgetError
from dget.flow import Cancel, Observer, Retrying
from dget.protocol.retry import GiveUp, decide

T = TypeVar("T")


def persist(action: Callable[[], T], *, what: str, known: bool = False, cancel: Cancel, observer: Observer) -> T:
    """The result of `action`, called until it succeeds or its error is final. known: whether its host was reached before."""
    attempt = 0
    while True:
        try:
            return action()
        except DgetError as error:
            attempt += 1
            decision = decide(error, attempt=attempt, jitter=random.random(), known=known)  # noqa: S311 - no secret
            if isinstance(decision, GiveUp):
                raise
            observer(Retrying(what=what, error=error.message, seconds=decision.after))
        cancel.sleep(decision.after)
