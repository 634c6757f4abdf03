"""Positional files and locks."""

import os

import pytest

from dget.codec import FileLock, PositionalFile
from dget.errors import StorageError


def test_many_buffers_land_one_after_the_other(tmp_path):
    file = PositionalFile(tmp_path / "x", create=True)
    file.write_at(3, [bytes([number % 251]) for number in range(5000)])
    file.close()
    assert (tmp_path / "x").read_bytes() == bytes(3) + bytes(number % 251 for number in range(5000))


def test_reading_stops_at_the_end_of_the_file(tmp_path):
    (tmp_path / "x").write_bytes(b"abcdef")
    file = PositionalFile(tmp_path / "x")
    buffers = [memoryview(bytearray(2)), memoryview(bytearray(9))]
    assert file.read_into(1, buffers) == 5
    assert bytes(buffers[0]) + bytes(buffers[1][:3]) == b"bcdef"
    file.close()


def test_what_the_disk_refuses_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="cannot read"):
        PositionalFile(tmp_path / "missing")


def test_a_lock_is_held_by_one_and_leaves_no_file(tmp_path):
    lock = FileLock.try_take(tmp_path / "lock")
    assert lock is not None
    assert FileLock.try_take(tmp_path / "lock") is None
    assert FileLock.holder(tmp_path / "lock") == f"another process ({os.getpid()})"
    lock.release()
    again = FileLock.try_take(tmp_path / "lock")
    assert again is not None
    again.release()
    again.release()
    assert list(tmp_path.iterdir()) == []
