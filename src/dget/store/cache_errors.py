"""What the disk refuses to the cache."""

from contextlib import AbstractContextManager
from pathlib import Path

from dget.codec import disk_errors


def cache_errors(path: Path, doing: str) -> AbstractContextManager[None]:
    """Turns OSError into StorageError. doing: what was tried, e.g. "write the cache"."""
    hint = "choose another folder with --cache-dir, or do without the cache: --no-cache"
    return disk_errors(path, f"{doing}:", hint=hint)
