"""Small files that are there whole or not at all."""

import secrets
from contextlib import suppress
from pathlib import Path

from dget.store.cache_errors import cache_errors


def write_whole(path: Path, data: bytes, *, beside: Path | None = None) -> None:
    """beside: what it is called until it is whole, with an ending; None is as in the end. Raises StorageError."""
    # Process ids do not tell threads apart, nor processes of several machines on one disk.
    part = (beside or path).with_name(f"{(beside or path).name}.{secrets.token_hex(8)}")
    with cache_errors(path, "write the cache", need=lambda: len(data)):
        try:
            part.write_bytes(data)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
