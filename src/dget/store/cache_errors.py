"""What the disk refuses to the cache."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dget.codec import NO_LOCKS, check_room, disk_errors
from dget.errors import StorageError

_HINT = "choose another folder with --cache-dir, or do without the cache: --no-cache"


def cache_errors(path: Path, doing: str, *, need: Callable[[], int] | None = None) -> AbstractContextManager[None]:
    """Turns OSError into StorageError. doing: what was tried, e.g. "write the cache"; need: bytes, where that is known."""
    return disk_errors(path, f"{doing}:", hint=_HINT, need=need)


@contextmanager
def lock_errors(path: Path) -> Iterator[None]:
    """The same for locks: a file system without them cannot hold a cache that several processes use."""
    try:
        with cache_errors(path, "lock the cache"):
            yield
    except StorageError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in NO_LOCKS:
            raise StorageError(
                f"the cache cannot be kept in {path.parent}: its file system has no locks", hint=_HINT
            ) from error
        raise


def check_cache_room(folder: Path, need: int) -> None:
    """Raises StorageError where the cache's disk has less than `need` bytes left."""
    check_room(folder, need, hint=_HINT)
