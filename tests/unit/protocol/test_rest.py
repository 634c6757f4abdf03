"""How long a host that failed is left alone."""

import pytest

from dget.protocol.rest import Rest, rest_after


def test_rests_begin_with_a_minute_and_double_up_to_an_hour():
    rest, seconds = None, []
    for _ in range(8):
        rest = rest_after(rest, now=1000.0)
        seconds.append(rest.until - 1000.0)
    assert seconds == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_host_that_failed_a_thousand_times_rests_an_hour():
    assert rest_after(Rest(failures=1000, until=0), now=5.0).until == 3605


@pytest.mark.parametrize(("now", "lasts"), [(999, True), (1000, False), (5000, False), (-3000, False)])
def test_a_rest_lasts_until_its_end_and_not_longer_than_any_rest(now, lasts):
    assert Rest(failures=1, until=1000.0).lasts(now) is lasts
