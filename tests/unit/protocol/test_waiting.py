"""When to come back to a registry that allows no more."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.errors import RateLimited
from dget.protocol.waiting import in_words, pause, until, when_to_come_back

NOW = datetime(2026, 3, 1, 13, 0, 20, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "at 13:01 (in 1 s)"),
        (1, "at 13:01 (in 1 s)"),
        (40, "at 13:01 (in 40 s)"),
        (100, "at 13:02 (in 2 min)"),
        (3600, "at 14:01 (in 1 h 0 min)"),
        (3900, "at 14:06 (in 1 h 5 min)"),
        (12 * 3600, "at 2026-03-02 01:01 (in 12 h 0 min)"),
    ],
)
def test_the_hour_and_the_time_until_then_are_told(seconds, said):
    assert until(seconds, NOW) == said


@given(st.floats(0, 24 * 3600))
def test_nobody_is_called_back_too_early(seconds):
    words = in_words(seconds).split()
    factors = {"s": 1, "min": 60, "h": 3600}
    told = sum(int(number) * factors[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert told >= seconds
    assert told <= seconds + 60


def test_a_registry_that_does_not_say_when_is_not_waited_for():
    error = RateLimited("no more")
    assert pause(error) is None
    assert when_to_come_back(error, NOW) is None


def test_the_hint_names_both_ways_on():
    error = RateLimited("no more")
    error.retry_after = 3600
    assert when_to_come_back(error, NOW) == "come back at 14:01 (in 1 h 0 min), or let dget wait: --wait"
    assert pause(error) == 3600


def test_a_wait_that_was_tried_already_is_not_repeated_in_haste():
    error = RateLimited("no more")
    error.retry_after = 0
    assert (pause(error) or 0) >= 10
