"""A lock that many share or one has alone, on a file that stays."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_WAIT = 0.01

if sys.platform == "win32":
    import msvcrt

    # There is no shared lock: a sharer has one byte of a range alone, and who wants all has the range.
    _RANGE = 512

    def _try_shared(handle: int) -> bool:
        return any(_try_bytes(handle, place, 1) for place in range(_RANGE))

    def _try_alone(handle: int) -> bool:
        return _try_bytes(handle, 0, _RANGE)

    def _try_bytes(handle: int, at: int, count: int) -> bool:
        os.lseek(handle, at, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, count)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_shared(handle: int) -> bool:
        return _try_lock(handle, fcntl.LOCK_SH)

    def _try_alone(handle: int) -> bool:
        return _try_lock(handle, fcntl.LOCK_EX)

    def _try_lock(handle: int, kind: int) -> bool:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


# What a file system that has no locks says of one (flock(2); NFS without its lock service, some FUSE file systems).
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


class SharedLock:
    """Many may hold it shared, or one alone; it is polled, so that whoever waits can be stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def shared(self, wait: Callable[[float], None] = time.sleep) -> Iterator[None]:
        """For the length of the block. wait: sleeps, and raises what stops the waiting. Raises OSError."""
        with self._held(_try_shared, wait):
            yield

    @contextmanager
    def alone(self, wait: Callable[[float], None] = time.sleep) -> Iterator[None]:
        """For the length of the block, when all others have let go. Raises OSError, and what `wait` raises."""
        with self._held(_try_alone, wait):
            yield

    @contextmanager
    def _held(self, take: Callable[[int], bool], wait: Callable[[float], None]) -> Iterator[None]:
        handle = _open(self._path)
        try:
            while not take(handle):
                wait(_WAIT)
            yield
        finally:
            # Closing lets go.
            os.close(handle)


def _open(path: Path) -> int:
    more = getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | more, 0o666)
    except PermissionError:
        # Another person's file in a folder that both may write: most file systems lock what can be read.
        return os.open(path, os.O_RDONLY | more)
