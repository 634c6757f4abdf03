"""A lock that many share or one has alone."""

import errno

import pytest

from dget.codec import SharedLock
from dget.errors import StorageError
from dget.store.cache_errors import lock_errors


class Busy(Exception):
    pass


def refuse(_):
    raise Busy


def test_many_share_it_and_nobody_is_alone_meanwhile(tmp_path):
    lock = SharedLock(tmp_path / "lock")
    with lock.shared(refuse), lock.shared(refuse), pytest.raises(Busy), lock.alone(refuse):
        raise AssertionError("alone beside others")
    with lock.alone(refuse):
        pass


def test_who_is_alone_shares_with_nobody(tmp_path):
    lock = SharedLock(tmp_path / "lock")
    with lock.alone(refuse):
        for way in (lock.shared, lock.alone):
            with pytest.raises(Busy), way(refuse):
                raise AssertionError("beside one who is alone")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_named_as_the_reason(tmp_path, number):
    with pytest.raises(StorageError, match="has no locks") as caught, lock_errors(tmp_path / "cache" / "guard"):
        raise OSError(number, "refused")
    assert str(tmp_path / "cache") in caught.value.message
    assert "--cache-dir" in (caught.value.hint or "")
