"""Keeping to a rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.flow import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.integers(1, 300_000), st.floats(0, 0.5)), min_size=1, max_size=50))
def test_bytes_never_come_faster_than_the_rate(pieces):
    clock = Clock()
    limit = RateLimit(1e6, clock)
    begun, total = clock.now, 0
    for size, work in pieces:
        clock.now += limit.take(size)
        total += size
        assert clock.now - begun >= total / 1e6 * 0.999
        clock.now += work


def test_a_pause_is_made_up_for_by_a_second_at_most():
    clock = Clock()
    limit = RateLimit(1000, clock)
    clock.now += limit.take(1000)
    clock.now += 60
    assert limit.take(1000) == 0
    assert limit.take(500) == pytest.approx(0.5)
