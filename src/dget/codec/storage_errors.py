"""What the disk refuses, in words for the person."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dget.errors import StorageError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def disk_errors(path: Path, doing: str, *, hint: str | None = None) -> Iterator[None]:
    """Turns OSError into StorageError. doing: what was tried, e.g. "write"."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"the disk is full: cannot {doing} {path}", hint="free some space, or choose another folder"
            ) from error
        raise StorageError(f"cannot {doing} {path}: {error.strerror or error}", hint=hint) from error
