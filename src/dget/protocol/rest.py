"""How long a host that failed is left alone."""

import msgspec

_FIRST = 60.0
_MOST = 3600.0


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """failures: in a row; until: unix time before which it is not asked without need."""

    failures: int
    until: float

    def lasts(self, now: float) -> bool:
        """A time further away than any rest is of a clock that was put back."""
        return now < self.until <= now + _MOST


def rest_after(before: Rest | None, now: float) -> Rest:
    """After one more failure: a minute, doubling up to an hour."""
    failures = before.failures + 1 if before else 1
    return Rest(failures=failures, until=now + min(_MOST, _FIRST * 2.0 ** (failures - 1)))
