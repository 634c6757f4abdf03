"""Whether a disk has the room for what is to come."""

import shutil
from pathlib import Path

from dget.codec.storage_errors import disk_errors, full_disk


def check_room(target: Path, need: int, *, hint: str) -> None:
    """Raises StorageError where the disk of the folder that `target` is in has less than `need` bytes left."""
    with disk_errors(target.parent, "look at the disk of"):
        free = shutil.disk_usage(target.parent).free
    if free < need:
        raise full_disk(target, "write", need=need, hint=hint)


def taken(path: Path) -> int:
    """Bytes of the disk that a file has already. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0
    return getattr(found, "st_blocks", 0) * 512
