"""How many connections are worth having."""

import pytest

from dget.engine.connection_limit import CEILING, FIRST, ConnectionLimit


def measured(limit: ConnectionLimit, *rates: float) -> int:
    for rate in rates:
        limit.measured(rate, busy=limit.now)
    return limit.now


def test_it_grows_while_the_rate_grows_and_never_beyond_the_ceiling():
    assert measured(ConnectionLimit(), 80e6, 120e6) == CEILING
    assert measured(ConnectionLimit(), *(10.0**power for power in range(30))) == CEILING


def test_a_step_that_brings_nothing_is_taken_back():
    limit = ConnectionLimit()
    assert measured(limit, 100e6) == FIRST + 4
    assert measured(limit, 101e6) == FIRST
    assert measured(limit, 100e6, 101e6, 99e6) == FIRST


def test_after_a_while_it_tries_again():
    limit = ConnectionLimit()
    measured(limit, 100e6, *[100e6] * 21)
    assert measured(limit, 100e6) >= FIRST


def test_it_does_not_grow_while_connections_stand_idle():
    limit = ConnectionLimit()
    limit.measured(1e6, busy=1)
    limit.measured(9e6, busy=1)
    assert limit.now == FIRST


@pytest.mark.parametrize("chosen", [None, 3, 32])
def test_it_shrinks_when_the_server_resists_and_grows_again_by_one_and_ever_more_slowly(chosen):
    limit = ConnectionLimit(chosen)
    for _ in range(9):
        limit.refused()
    assert limit.now == 1
    assert measured(limit, 1e6, 2e6, 4e6) == 1
    assert measured(limit, *[4e6] * 320) == 2


@pytest.mark.parametrize("chosen", [1, 3, 32])
def test_a_number_that_the_person_gave_stays_where_nothing_resists(chosen):
    assert measured(ConnectionLimit(chosen), 1e6, 9e6, 9e6, 9e6, 90e6) == chosen
