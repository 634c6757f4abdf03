"""What the disk refuses, in words."""

import contextlib
import errno
import os
import subprocess
import sys

import pytest

from dget.codec import disk_errors
from dget.errors import DiskFull, StorageError


def refused(path, code: int, need: int | None = None) -> StorageError:
    with pytest.raises(StorageError) as caught, disk_errors(path, "write", need=(lambda: need) if need else None):
        raise OSError(code, os.strerror(code))
    return caught.value


def test_a_full_disk_is_named_with_what_is_needed_and_what_is_there(tmp_path):
    error = refused(tmp_path / "new" / "x.tar", errno.ENOSPC, 1_234_567)
    assert isinstance(error, DiskFull)
    assert f"cannot write {tmp_path / 'new' / 'x.tar'}: it needs 1,234,567 bytes, " in error.message
    assert error.message.endswith(" are free")


def test_where_nobody_knows_the_need_what_is_there_is_told_all_the_same(tmp_path):
    assert refused(tmp_path / "x.tar", errno.ENOSPC).message.endswith(" bytes are free")


@pytest.fixture
def few_files(tmp_path):
    """A disk in memory that takes three files and 1 MB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting needs Linux and root")
    options = ["-t", "tmpfs", "-o", "size=1m,nr_inodes=4", "dget-test"]
    if subprocess.run(["mount", *options, tmp_path], check=False, capture_output=True).returncode != 0:
        pytest.skip("nothing may be mounted here")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_disk_that_takes_no_more_files_is_the_cause_where_one_is_made_and_no_other_time(few_files):
    with (few_files / "0").open("wb", buffering=0) as file:
        for name in ("1", "2"):
            (few_files / name).touch()
        path = few_files / "3"
        with pytest.raises(DiskFull, match="it takes no more files"), disk_errors(path, "create"):
            path.touch()
        path = few_files / "0"
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        needs = pytest.raises(DiskFull, match="it needs 9,000 bytes, 0 are free")
        with needs, disk_errors(path, "write", need=lambda: 9_000):
            file.write(bytes(9_000))


def test_what_the_caller_advises_stands_on_a_full_disk_too(tmp_path):
    for code in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS):
        with pytest.raises(StorageError) as caught, disk_errors(tmp_path, "write", hint="use a pencil"):
            raise OSError(code, os.strerror(code))
        assert caught.value.hint == "use a pencil"


@pytest.mark.skipif(not hasattr(errno, "EDQUOT"), reason="this system knows no quotas")
def test_a_quota_is_no_full_disk(tmp_path):
    error = refused(tmp_path / "x.tar", errno.EDQUOT, 2_000)
    assert isinstance(error, DiskFull)
    assert error.message == f"the quota is used up: cannot write {tmp_path / 'x.tar'}: 2,000 bytes more are needed"


def test_anything_else_is_told_in_the_words_of_the_system(tmp_path):
    error = refused(tmp_path / "x.tar", errno.EROFS)
    assert not isinstance(error, DiskFull)
    assert error.message == f"cannot write {tmp_path / 'x.tar'}: {os.strerror(errno.EROFS)}"
