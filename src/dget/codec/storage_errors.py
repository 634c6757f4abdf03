"""What the disk refuses, in words for the person."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dget.errors import DiskFull, StorageError

_QUOTA = getattr(errno, "EDQUOT", errno.ENOSPC)
# What the system says of a disk without room.
FULL = frozenset({errno.ENOSPC, _QUOTA})
_HINT = "free some space, or choose another folder"


@contextmanager
def disk_errors(
    path: Path, doing: str, *, hint: str | None = None, need: Callable[[], int] | None = None
) -> Iterator[None]:
    """Turns OSError into StorageError. doing: what was tried, e.g. "write"; need: bytes that it takes, where that is known."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            # What names a file makes one; what writes into an open one names none.
            if error.filename is not None and not _takes_files(path):
                full = f"the disk is full: cannot {doing} {path}: it takes no more files"
                raise DiskFull(full, hint=hint or _HINT) from error
            raise full_disk(path, doing, need=need() if need else None, hint=hint or _HINT) from error
        if error.errno == _QUOTA:
            more = f": {need():,} bytes more are needed" if need else ""
            raise DiskFull(f"the quota is used up: cannot {doing} {path}{more}", hint=hint or _HINT) from error
        raise StorageError(f"cannot {doing} {path}: {error.strerror or error}", hint=hint) from error


def full_disk(path: Path, doing: str, *, need: int | None, hint: str) -> DiskFull:
    """doing: what the disk, `path`'s, is too full for; need: bytes that it takes, where that is known."""
    import shutil

    needs = "" if need is None else f"it needs {need:,} bytes, "
    free = f"{shutil.disk_usage(_there(path)).free:,} {'bytes are' if need is None else 'are'} free"
    return DiskFull(f"the disk is full: cannot {doing} {path}: {needs}{free}", hint=hint)


def _takes_files(path: Path) -> bool:
    """Whether the disk has a place for one more: some have a number of them that was set when they were made."""
    if not hasattr(os, "statvfs"):
        return True
    found = os.statvfs(_there(path))
    return not found.f_files or found.f_favail > 0


def _there(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if place.exists()), path)
