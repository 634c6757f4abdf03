"""Asking several hosts for the same small thing: the first good answer counts, and the slow are noticed."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import msgspec

from dget.errors import Cancelled, DgetError, NetworkError
from dget.flow import Cancel
from dget.registry.remote_host import RemoteHost

T = TypeVar("T")

# A host that is silent for so long while another one answers is a dead one.
PATIENCE = 1.0


class Contender(msgspec.Struct, Generic[T], eq=False):
    """A host in a race. after: seconds from the start, unless those before it have failed earlier."""

    host: RemoteHost
    after: float = 0.0
    begun: float | None = None
    answer: T | None = None
    error: DgetError | None = None
    ended: bool = False
    cancel: Cancel = msgspec.field(default_factory=Cancel)

    @property
    def won(self) -> bool:
        return self.ended and self.error is None

    @property
    def given(self) -> T:
        """Its answer. It must have won."""
        return cast(T, self.answer)


class Race(Generic[T]):
    """ask: may be called for several hosts at once; final: whether an error of a host settles the matter."""

    def __init__(
        self,
        contenders: Sequence[Contender[T]],
        ask: Callable[[RemoteHost, Cancel], T],
        *,
        final: Callable[[RemoteHost, DgetError], bool],
        cancel: Cancel,
    ) -> None:
        self._contenders = contenders
        self._ask = ask
        self._final = final
        self._cancel = cancel
        self._changed = threading.Condition()

    def run(self) -> Contender[T]:
        """The one that won. Raises what the origin raised, else the first of the others; and Cancelled."""
        started = time.monotonic()
        with self._cancel.on_cancel(self._stop), self._changed:
            while True:
                self._cancel.check()
                if (winner := self._winner()) is not None:
                    self._dismiss(started)
                    return winner
                if all(contender.ended for contender in self._contenders):
                    raise self._error()
                self._changed.wait(self._start(started))

    def _winner(self) -> Contender[T] | None:
        """Raises an error that is final."""
        for contender in self._contenders:
            if contender.won:
                return contender
            if contender.error is not None and self._final(contender.host, contender.error):
                self._stop()
                raise contender.error
        return None

    def _start(self, started: float) -> float | None:
        """Starts those whose turn it is; seconds until the next one's."""
        passed = time.monotonic() - started
        waiting = [contender for contender in self._contenders if contender.begun is None]
        nobody_runs = not any(contender.begun is not None and not contender.ended for contender in self._contenders)
        soonest = min((contender.after for contender in waiting), default=0.0)
        for contender in waiting:
            if contender.after <= passed or (nobody_runs and contender.after == soonest):
                contender.begun = time.monotonic()
                threading.Thread(target=self._body, args=(contender,), name="dget-race", daemon=True).start()
        left = [contender.after - passed for contender in self._contenders if contender.begun is None]
        return max(0.0, min(left)) if left else None

    def _body(self, contender: Contender[T]) -> None:
        answer, error = None, None
        try:
            answer = self._ask(contender.host, contender.cancel)
        except DgetError as raised:
            error = raised
        except BaseException as defect:
            error = DgetError(f"{contender.host.name}: {defect!r}")
            raise
        finally:
            if error is None:
                contender.host.well()
            elif not isinstance(error, Cancelled):
                contender.host.failed(error)
            with self._changed:
                contender.answer, contender.error, contender.ended = answer, error, True
                self._changed.notify_all()

    def _dismiss(self, started: float) -> None:
        """Those who still run get as long again as the winner took, and at least PATIENCE since their own start."""
        now = time.monotonic()
        for contender in self._contenders:
            if contender.begun is None or contender.ended:
                continue
            left = max(PATIENCE, 2 * (now - started)) - (now - contender.begun)
            if now - contender.begun >= PATIENCE:
                left = 0.0
            timer = threading.Timer(left, _give_up, (contender,))
            timer.daemon = True
            timer.start()

    def _error(self) -> DgetError:
        errors = [(contender.host.origin, contender.error) for contender in self._contenders if contender.error]
        return next((error for origin, error in errors if origin), errors[0][1])

    def _stop(self) -> None:
        for contender in self._contenders:
            contender.cancel.cancel()
        with self._changed:
            self._changed.notify_all()


def _give_up(contender: Contender[T]) -> None:
    if not contender.ended:
        name = contender.host.name
        contender.host.failed(NetworkError(f"{name} did not answer within {PATIENCE:g} second", temporary=True))
        contender.cancel.cancel()
