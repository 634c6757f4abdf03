"""Whether a disk has the room for what is to come."""

import os
from pathlib import Path

from dget.codec.storage_errors import disk_errors, full_disk


def check_room(target: Path, need: int, *, hint: str) -> None:
    """Raises StorageError where the disk of the folder that `target` is in has less than `need` bytes left."""
    with disk_errors(target.parent, "look at the disk of"):
        free = _free(target.parent)
    if free < need:
        raise full_disk(target, "write", need=need, hint=hint)


def _free(folder: Path) -> int:
    # What shutil brings with it, each pull would wait for.
    if hasattr(os, "statvfs"):
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize
    import shutil

    return shutil.disk_usage(folder).free


def taken(path: Path) -> int:
    """Bytes of the disk that a file has already. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0
    return getattr(found, "st_blocks", 0) * 512
