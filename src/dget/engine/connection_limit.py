"""How many connections are worth having: more while the measured rate grows, fewer where the server resists."""

FLOOR, FIRST, CEILING = 4, 8, 16
# How much faster it must be for more connections to be worth it.
_WORTH = 1.08
_STEP = 4
# After so many measurements without a change it is tried again whether more connections help.
_PATIENCE = 20


class ConnectionLimit:
    """A pure state machine; `fixed` connections where the person said how many."""

    def __init__(self, fixed: int | None = None) -> None:
        self.now = fixed or FIRST
        self.most = fixed or CEILING
        self._fixed = fixed is not None
        self._before: float | None = None
        self._grown = False
        self._steady = 0

    def measured(self, rate: float, *, busy: int) -> None:
        """rate: bytes a second since the last measurement; busy: connections in use meanwhile."""
        if self._fixed or rate <= 0 or busy < self.now:
            self._before = None
            return
        if self._before is None or rate >= self._before * _WORTH or self._steady >= _PATIENCE:
            self._grow(rate)
            return
        self._steady += 1
        if self._grown:
            # The last step brought nothing: take it back.
            self.now = max(FLOOR, self.now - _STEP)
            self._grown = False

    def refused(self) -> None:
        """The server answered 429 or 503, or broke off."""
        if not self._fixed:
            self.now = max(1, self.now // 2)
            self._grown = False
            self._before = None

    def _grow(self, rate: float) -> None:
        self._before = rate
        self._steady = 0
        self._grown = self.now < self.most
        self.now = min(self.most, self.now + _STEP)
