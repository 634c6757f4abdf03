"""How many connections to a host are worth having: more while the measured rate grows, fewer where the server resists."""

FIRST, USUAL, CEILING = 2, 8, 16
# Bytes a second of one connection. Where each gives so much, it is this machine that is busy, and more of them cost: eight
# took a quarter longer than two from a registry on the same two cores. At the first look a quarter of it is as much.
_AMPLE = 100e6
# How much faster it must be for more connections to be worth it.
_WORTH = 1.08
_STEP = 8
# After so many measurements without a change it is tried again whether more connections help: sooner the first time after
# a refusal, and each further one doubles the wait.
_PATIENCE, _PATIENCE_REFUSED, _PATIENCE_MAX = 50, 10, 800


class ConnectionLimit:
    """A host's, as a pure state machine. chosen: how many the person wants at most; then all are used from the start.

    now: how many there may be; most: how many there may ever be.
    """

    def __init__(self, chosen: int | None = None) -> None:
        self.now = chosen or FIRST
        self.most = chosen or CEILING
        self._refused = False
        self._patience = _PATIENCE
        self._step = _STEP
        self._before: float | None = None
        self.begin()

    def begin(self) -> None:
        """A new run: it may have what it had, and how the host does is looked at anew."""
        self._before = None
        self._looked = False
        self._grown = False
        self._steady = 0
        if self._refused:
            self._patience = _PATIENCE_REFUSED

    def measured(self, rate: float, *, busy: int) -> None:
        """rate: bytes a second since the last measurement; busy: connections in use meanwhile."""
        if not busy:
            return
        ample = busy * (_AMPLE if self._looked else _AMPLE / 4)
        self._looked = True
        if rate >= ample:
            return
        if self.now < USUAL and not self._refused:
            # Also where nothing has come yet: that is far away.
            self.now = min(self.most, USUAL)
            return
        if busy < self.now or (rate <= 0 and not self._refused):
            # A step is judged once all connections are in use again.
            self._before = self._before if self._grown else None
            return
        if self._may_help(rate):
            self._grow(rate)
            return
        self._steady += 1
        if self._grown:
            # The last step brought nothing: take it back.
            self.now = max(USUAL, self.now - self._step)
            self._grown = False

    def refused(self) -> None:
        """The server answered 429 or 503, or broke off: fewer from now on, and more again ever more slowly."""
        self.now = max(1, self.now // 2)
        self._patience = min(2 * self._patience, _PATIENCE_MAX) if self._refused else _PATIENCE_REFUSED
        self._refused = True
        self._grown = False
        self._steady = 0
        self._step = 1

    def _may_help(self, rate: float) -> bool:
        if self._steady >= self._patience:
            return True
        return not self._refused and (self._before is None or rate >= self._before * _WORTH)

    def _grow(self, rate: float) -> None:
        self._before = rate
        self._steady = 0
        self._grown = self.now < self.most and not self._refused
        self.now = min(self.most, self.now + self._step)
