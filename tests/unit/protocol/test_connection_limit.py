"""How many connections are worth having."""

import pytest

from dget.protocol.connection_limit import CEILING, FIRST, USUAL, ConnectionLimit


def measured(limit: ConnectionLimit, *rates: float) -> int:
    for rate in rates:
        limit.measured(rate, busy=limit.now)
    return limit.now


@pytest.mark.parametrize("rate", [0.0, 1e6, 40e6])
def test_the_first_look_leads_to_the_usual_number_where_connections_do_not_begin_fast(rate):
    assert measured(ConnectionLimit(), rate) == USUAL


def test_it_stays_at_a_few_where_each_gives_plenty_and_thinks_again_when_they_do_not():
    limit = ConnectionLimit()
    assert measured(limit, 60e6, *[900e6] * 60) == FIRST
    assert measured(limit, 190e6) == USUAL


def test_it_grows_while_the_rate_grows_and_never_beyond_the_ceiling():
    assert measured(ConnectionLimit(), 20e6, 80e6, 120e6) == CEILING
    assert measured(ConnectionLimit(), *(10.0 ** (power / 10) for power in range(80))) == CEILING


def test_a_step_that_brings_nothing_is_taken_back():
    limit = ConnectionLimit()
    assert measured(limit, 30e6, 100e6) == CEILING
    assert measured(limit, 101e6) == USUAL
    assert measured(limit, 100e6, 101e6, 99e6) == USUAL


def test_a_step_is_judged_when_all_its_connections_are_in_use():
    limit = ConnectionLimit()
    assert measured(limit, 30e6, 100e6) == CEILING
    limit.measured(90e6, busy=CEILING - 1)
    assert measured(limit, 101e6) == USUAL


def test_after_a_while_it_tries_again():
    limit = ConnectionLimit()
    assert measured(limit, 30e6, *[100e6] * 51) == USUAL
    assert measured(limit, 100e6) == CEILING


def test_it_does_not_grow_beyond_the_usual_while_connections_stand_idle():
    limit = ConnectionLimit()
    for rate in (1e6, 9e6, 90e6):
        limit.measured(rate, busy=1)
    assert limit.now == USUAL


def test_nobody_is_no_measure():
    limit = ConnectionLimit()
    limit.measured(0.0, busy=0)
    assert limit.now == FIRST


@pytest.mark.parametrize("chosen", [None, 3, 32])
def test_it_shrinks_when_the_server_resists_and_grows_again_by_one_and_ever_more_slowly(chosen):
    limit = ConnectionLimit(chosen)
    for _ in range(9):
        limit.refused()
    assert limit.now == 1
    assert measured(limit, 1e6, 2e6, 4e6) == 1
    assert measured(limit, *[4e6] * 800) == 2


def test_a_refusal_at_the_very_start_is_made_up_for():
    limit = ConnectionLimit()
    limit.refused()
    assert limit.now == 1
    assert measured(limit, *[0.0, 1e6] * 40) > 4


def test_what_a_host_may_have_holds_for_the_next_run_and_how_it_does_is_looked_at_anew():
    limit = ConnectionLimit()
    assert measured(limit, 60e6, *[900e6] * 9) == FIRST
    limit.begin()
    assert measured(limit, 60e6) == FIRST
    for _ in range(9):
        limit.refused()
    limit.begin()
    assert limit.now == 1
    assert measured(limit, *[4e6] * 11) == 2


@pytest.mark.parametrize("chosen", [1, 3, 32])
def test_a_number_that_the_person_gave_stays_where_nothing_resists(chosen):
    assert measured(ConnectionLimit(chosen), 1e6, 9e6, 9e6, 9e6, 90e6) == chosen
