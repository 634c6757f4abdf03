"""The record of what of an unfinished file is there."""

from pathlib import Path

import pytest

from dget.codec import Ledger, Record
from dget.errors import DiskFull

ONE, TWO = [Record(0, 10, 1)], [Record(0, 10, 1), Record(10, 30, 2)]


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "x.ledger", "identity")


def fill(tmp_path):
    """Stands for a disk that takes no second file: what is written to /dev/full meets one."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "x.ledger.new").symlink_to("/dev/full")


def test_the_latest_record_counts(ledger):
    ledger.write({"blob": ONE}, sync=True)
    ledger.write({"blob": TWO}, sync=False)
    assert ledger.read() == {"blob": tuple(TWO)}


def test_what_an_earlier_run_recorded_of_a_blob_stays_until_more_is_known_of_it(ledger, tmp_path):
    ledger.write({"blob": ONE, "late": TWO}, sync=False)
    later = Ledger(tmp_path / "x.ledger", "identity")
    later.read()
    later.write({"blob": []}, sync=False)
    assert ledger.read() == {"late": tuple(TWO)}
    later.begin()
    assert ledger.read() == {}


def test_on_a_full_disk_the_record_is_written_over_the_one_before(ledger, tmp_path):
    ledger.write({"blob": TWO}, sync=False)
    fill(tmp_path)
    ledger.write({"blob": ONE}, sync=False)
    assert ledger.read() == {"blob": tuple(ONE)}
    assert [path.name for path in tmp_path.iterdir()] == ["x.ledger"]


def test_on_a_full_disk_one_that_needs_more_room_leaves_the_one_before(ledger, tmp_path):
    ledger.write({"blob": ONE}, sync=False)
    fill(tmp_path)
    many = [Record(at, at + 1, 1) for at in range(2_000)]
    with pytest.raises(DiskFull, match="cannot write"):
        ledger.write({"blob": many}, sync=False)
    assert ledger.read() == {"blob": tuple(ONE)}
