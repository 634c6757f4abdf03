"""What running processes need."""

import os
import subprocess
import sys
import threading
import time

import pytest

from dget.errors import Cancelled
from dget.flow import Cancel
from dget.model import Digest
from dget.store import Store
from dget.store.holds import Holds, Uses

ONE, TWO = Digest.of(b"1"), Digest.of(b"2")


@pytest.fixture
def holds(tmp_path):
    return Store.open(tmp_path).holds


def held(tmp_path):
    with Holds(tmp_path).pruning(time.sleep) as digests:
        return digests


def test_what_a_run_needs_is_held_until_it_ends(holds, tmp_path):
    with holds.run():
        holds.add([ONE])
        holds.add([ONE, TWO])
        assert held(tmp_path) == {ONE, TWO}
    assert held(tmp_path) == frozenset()
    assert list((tmp_path / "holds").iterdir()) == []


def test_runs_at_the_same_time_hold_until_the_last_has_ended(holds, tmp_path):
    with holds.run():
        with holds.run():
            holds.add([ONE])
        assert held(tmp_path) == {ONE}
    assert held(tmp_path) == frozenset()


def test_a_signal_while_it_is_made_ends_the_run_as_a_signal(tmp_path, monkeypatch):
    def interrupted(_: int) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "urandom", interrupted)
    uses = Uses()
    with pytest.raises(KeyboardInterrupt), uses.run():
        Holds(tmp_path, uses)


def test_what_a_killed_process_held_falls_free_and_leaves_nothing(holds, tmp_path):
    program = """
import sys, time
from pathlib import Path
from dget.model import Digest
from dget.store.holds import Holds
holds = Holds(Path(sys.argv[1]))
with holds.run():
    holds.add([Digest.of(b"1")])
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert held(tmp_path) == {ONE}
        process.kill()
        process.wait()
    assert held(tmp_path) == frozenset()
    assert list((tmp_path / "holds").iterdir()) == []


def test_a_process_that_ends_during_a_prune_holds_nothing(holds, tmp_path):
    with holds.run():
        holds.add([ONE])
        (own,) = (tmp_path / "holds").glob("*.list")
        # As it does at its end, before it lets go of its lock.
        own.unlink()
        assert held(tmp_path) == frozenset()


def test_who_adds_during_a_prune_waits_for_its_end(holds, tmp_path):
    added = threading.Event()

    def add():
        with holds.run():
            holds.add([ONE])
            added.set()

    with Holds(tmp_path).pruning(time.sleep):
        thread = threading.Thread(target=add)
        thread.start()
        assert not added.wait(0.1)
    assert added.wait(10)
    thread.join()


def test_a_prune_that_waits_can_be_stopped(tmp_path):
    Store.open(tmp_path)
    cancel = Cancel()
    cancel.cancel()
    with Holds(tmp_path).pruning(time.sleep), pytest.raises(Cancelled), Holds(tmp_path).pruning(cancel.sleep):
        raise AssertionError("two prune at once")


@pytest.mark.parametrize("garbage", [b"", b"\xff\xfe", b"sha256:abc\n", b"\n\n\x00"])
def test_a_garbled_list_holds_nothing_and_harms_nothing(holds, tmp_path, garbage):
    with holds.run():
        holds.add([ONE])
        next((tmp_path / "holds").glob("*.list")).write_bytes(garbage)
        assert held(tmp_path) == frozenset()
