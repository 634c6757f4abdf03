"""A call's run: what ends it, and what does not."""

import threading

import pytest

from dget.api.runs import Runs
from dget.errors import Cancelled
from dget.flow import Cancel, SystemClock, silent
from dget.flow.cancel import GRACE


@pytest.fixture
def runs() -> Runs:
    return Runs(SystemClock(), silent, wait=False)


def test_once_its_transfers_are_over_a_run_may_take_its_time_to_write_the_rest(runs):
    slow_disk = threading.Event()

    def call(run: Cancel) -> str:
        # As a download does at its end: what is still asked for is wanted no more.
        run.cancel()
        slow_disk.wait(2 * GRACE)
        return "written"

    assert runs.run(call, None) == "written"


def test_a_caller_s_cancel_ends_a_run_that_does_not_listen(runs):
    cancel, never = Cancel(), threading.Event()

    def call(run: Cancel) -> None:
        cancel.cancel()
        assert run.cancelled
        never.wait(60)

    with pytest.raises(Cancelled):
        runs.run(call, cancel)
    never.set()
