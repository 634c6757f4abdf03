"""What the disk refuses to the cache."""

from contextlib import AbstractContextManager
from pathlib import Path

from dget.codec import check_room, disk_errors

_HINT = "choose another folder with --cache-dir, or do without the cache: --no-cache"


def cache_errors(path: Path, doing: str) -> AbstractContextManager[None]:
    """Turns OSError into StorageError. doing: what was tried, e.g. "write the cache"."""
    return disk_errors(path, f"{doing}:", hint=_HINT)


def check_cache_room(folder: Path, need: int) -> None:
    """Raises StorageError where the cache's disk has less than `need` bytes left."""
    check_room(folder, need, hint=_HINT)
