"""What people read."""

import pytest

from dget.cli.units import clean, duration, size


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (3_620_000, "3.62 MB"), (1_400_000_000, "1.4 GB"), (999_999, "1 MB")],
)
def test_sizes_are_short(count, text):
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.7, "2 min 0 s"), (61, "1 min 1 s"), (7300, "2 h 1 min")],
)
def test_durations_are_short(seconds, text):
    assert duration(seconds) == text


def test_nothing_that_acts_on_a_terminal_gets_through():
    assert clean("a\x1b[2Jb\rc\u202ed\ne") == "a\ufffd[2Jb\ufffdc\ufffdd\ufffde"
    assert clean("中文 ok\tx") == "中文 ok\tx"
