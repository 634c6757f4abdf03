"""Small files of the cache, that are there whole or not at all."""

from pathlib import Path

from dget.codec import whole_file
from dget.store.cache_errors import cache_errors


def write_whole(path: Path, data: bytes, *, beside: Path | None = None) -> None:
    """beside: what it is called until it is whole, with an ending; None is as in the end. Raises StorageError."""
    with cache_errors(path, "write the cache", need=lambda: len(data)):
        whole_file.write_whole(path, data, beside=beside)
