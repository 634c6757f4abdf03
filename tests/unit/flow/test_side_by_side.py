"""Several short works at the same time."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from dget.errors import Cancelled, NotFound
from dget.flow import Cancel, side_by_side


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """What a work can wait for, until the end of the test."""
    released = threading.Event()
    yield released
    released.set()


def test_the_results_come_in_order_whichever_is_done_first():
    second_done = threading.Event()

    def first() -> int:
        assert second_done.wait(10)
        return 1

    def second() -> int:
        second_done.set()
        return 2

    assert side_by_side([first, second], at_once=8, cancel=Cancel()) == [1, 2]
    assert side_by_side([lambda: 1], at_once=8, cancel=Cancel()) == [1]
    assert side_by_side([], at_once=8, cancel=Cancel()) == []


def test_more_works_than_threads_are_all_done():
    assert side_by_side([partial(int, at) for at in range(100)], at_once=8, cancel=Cancel()) == list(range(100))


def test_a_failure_is_raised_while_others_hang_and_nothing_more_is_begun(hanging):
    begun = []

    def fail() -> None:
        raise NotFound("gone")

    def late() -> None:
        begun.append(1)
        hanging.wait()

    with pytest.raises(NotFound):
        side_by_side([fail, *[late] * 50], at_once=8, cancel=Cancel())
    assert len(begun) < 50


def test_a_stop_ends_the_wait_for_what_hangs(hanging):
    cancel = Cancel()

    def stop() -> None:
        cancel.cancel()

    with pytest.raises(Cancelled):
        side_by_side([hanging.wait, stop], at_once=8, cancel=cancel)
