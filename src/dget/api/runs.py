"""A call's run: it stops when its caller is interrupted, and waits where a registry allows no more and the person wants it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from dget.errors import DgetError, RateLimited
from dget.flow import Cancel, Clock, Observer, Paused, run_interruptibly
from dget.protocol.waiting import pause, until, when_to_come_back

T = TypeVar("T")


class Runs:
    """wait: whether a run goes on once the registry allows more."""

    def __init__(self, clock: Clock, observer: Observer, *, wait: bool) -> None:
        self._clock = clock
        self._observer = observer
        self._wait = wait

    def run(self, call: Callable[[Cancel], T], cancel: Cancel | None) -> T:
        """cancel: the caller's own. Raises what `call` raises; RateLimited says when to come back, where that is known."""
        while True:
            try:
                return _run_once(call, cancel)
            except RateLimited as error:
                if not self._paused(error, cancel):
                    raise

    def would_wait(self, error: DgetError) -> bool:
        """Whether a run that ends with this error goes on later."""
        return self._wait and isinstance(error, RateLimited) and pause(error) is not None

    def _paused(self, error: RateLimited, cancel: Cancel | None) -> bool:
        """Whether it was waited; what arrived is kept meanwhile, so that the same call goes on from there."""
        now = datetime.fromtimestamp(self._clock.time(), tz=UTC).astimezone()
        seconds = pause(error)
        if seconds is None or not self._wait:
            error.hint = when_to_come_back(error, now) or error.hint
            return False
        self._observer(Paused(text=f"{error.message}; going on {until(seconds, now)}", seconds=seconds))
        _run_once(lambda run: run.sleep(seconds), cancel)
        return True


def _run_once(call: Callable[[Cancel], T], cancel: Cancel | None) -> T:
    # A failure cancels its own run alone, not what else the caller's Cancel stands for. The end of a download cancels
    # what is still asked for, and no more: what is to be written yet may take longer than a cancelled run is given.
    run, transfers = Cancel(), Cancel()
    with (cancel or Cancel()).on_cancel(run.cancel), run.on_cancel(transfers.cancel):
        try:
            return run_interruptibly(lambda: call(transfers), run)
        finally:
            # What was asked beside it, and nobody waits for any more, ends with it.
            transfers.cancel()
