"""What the disk refuses, in words."""

import errno
import os

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


@pytest.mark.skipif(not hasattr(errno, "EDQUOT"), reason="this system knows no quotas")
def test_a_quota_is_no_full_disk(tmp_path):
    error = refused(tmp_path / "x.tar", errno.EDQUOT, 2_000)
    assert isinstance(error, DiskFull)
    assert error.message == f"the quota is used up: cannot write {tmp_path / 'x.tar'}: 2,000 bytes more are needed"


def test_anything_else_is_told_in_the_words_of_the_system(tmp_path):
    error = refused(tmp_path / "x.tar", errno.EROFS)
    assert not isinstance(error, DiskFull)
    assert error.message == f"cannot write {tmp_path / 'x.tar'}: {os.strerror(errno.EROFS)}"
