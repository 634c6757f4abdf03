"""Stopping a run: one flag, and the actions that make blocked work notice it at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from dget.errors import Cancelled

T = TypeVar("T")

# How long the caller waits for a cancelled run to tidy up; a thread that hangs in a name look-up is left behind.
GRACE = 0.6
# On Windows a wait without a time limit cannot be interrupted by Ctrl-C.
_POLL = 0.2


class Cancel:
    """Tells a run to stop. `on_cancel` registers what wakes blocked work, for as long as its block lasts."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._actions: dict[object, Callable[[], None]] = {}

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        self._event.set()
        with self._lock:
            actions = list(self._actions.values())
        for action in actions:
            action()

    def check(self) -> None:
        """Raises Cancelled when the run is to stop."""
        if self._event.is_set():
            raise Cancelled("stopped")

    def sleep(self, seconds: float) -> None:
        """Waits; raises Cancelled as soon as the run is to stop."""
        if self._event.wait(seconds):
            raise Cancelled("stopped")

    @contextmanager
    def on_cancel(self, action: Callable[[], None]) -> Iterator[None]:
        key = object()
        with self._lock:
            self._actions[key] = action
        try:
            if self._event.is_set():
                action()
            yield
        finally:
            with self._lock:
                del self._actions[key]


@contextmanager
def holding(lock: threading.Lock, cancel: Cancel) -> Iterator[None]:
    """Holds the lock; raises Cancelled as soon as the run is to stop while it is waited for."""
    while not lock.acquire(timeout=_POLL):
        cancel.check()
    try:
        yield
    finally:
        lock.release()


def run_interruptibly(function: Callable[[], T], cancel: Cancel) -> T:
    """Runs `function` on a daemon thread, so that Ctrl-C reaches the caller at once wherever the work blocks.

    On an interruption (KeyboardInterrupt or what a signal handler raises) the run is cancelled, given GRACE
    seconds to tidy up, and the interruption is raised. A run that is cancelled otherwise has as long.
    """
    result: list[T] = []
    failure: list[BaseException] = []
    done = threading.Event()

    def body() -> None:
        try:
            result.append(function())
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            failure.append(error)
        finally:
            done.set()

    threading.Thread(target=body, name="dget-run", daemon=True).start()
    try:
        while not done.wait(_POLL):
            if cancel.cancelled and not done.wait(GRACE):
                raise Cancelled("stopped")
    except BaseException:
        cancel.cancel()
        done.wait(GRACE)
        raise
    if failure:
        raise failure[0]
    return result[0]
