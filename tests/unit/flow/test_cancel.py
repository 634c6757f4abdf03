"""Work that is stopped from outside."""

import threading
import time

import pytest

from dget.errors import Cancelled
from dget.flow import Cancel, run_interruptibly


def test_the_result_and_the_error_of_the_work_are_the_callers():
    assert run_interruptibly(lambda: 7, Cancel()) == 7
    with pytest.raises(ZeroDivisionError):
        run_interruptibly(lambda: 1 // 0, Cancel())


def test_a_cancelled_call_returns_even_where_its_work_hangs():
    cancel, hang = Cancel(), threading.Event()
    threading.Timer(0.1, cancel.cancel).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        run_interruptibly(hang.wait, cancel)
    assert time.monotonic() - begun < 5
    hang.set()


def test_what_blocks_is_woken_for_as_long_as_it_asks_for_it():
    cancel, woken = Cancel(), []
    with cancel.on_cancel(lambda: woken.append("early")):
        pass
    with cancel.on_cancel(lambda: woken.append("now")):
        cancel.cancel()
    with cancel.on_cancel(lambda: woken.append("late")):
        pass
    assert woken == ["now", "late"]
