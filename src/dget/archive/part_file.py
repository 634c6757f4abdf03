"""A file on its way: written as `NAME.part`, ours alone, renamed when it is whole."""

import contextlib
import os
import shutil
from pathlib import Path

from dget.codec import FileLock, PositionalFile, disk_errors
from dget.errors import StorageError


class PartFile:
    def __init__(self, target: Path, size: int) -> None:
        """size: bytes that it will have. Raises StorageError where they do not fit or another process writes it."""
        self.target = target
        self._path = target.with_name(f"{target.name}.part")
        hint = "choose another place with -o"
        with disk_errors(target.parent, "write into the folder", hint=hint):
            target.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock.try_take(self._path.with_name(f"{self._path.name}.lock"))
        if lock is None:
            raise StorageError(
                f"another process is writing {target} now", hint="wait until it ends, or choose another name with -o"
            )
        self._lock = lock
        try:
            self._check_room(size)
            self.file = PositionalFile(self._path, create=True)
        except BaseException:
            lock.release()
            raise

    def finish(self) -> None:
        """Puts the file under its final name, in place of what was there."""
        try:
            self.file.sync()
            self.file.close()
            with disk_errors(self.target, "replace"):
                self._path.replace(self.target)
                _sync_folder(self.target.parent)
        finally:
            self._lock.release()

    def abort(self) -> None:
        self.file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._lock.release()

    def _check_room(self, size: int) -> None:
        with disk_errors(self.target.parent, "look at the disk of"):
            self._path.unlink(missing_ok=True)
            free = shutil.disk_usage(self.target.parent).free
        if free < size:
            raise StorageError(
                f"the disk is full: {self.target} needs {size:,} bytes, {free:,} are free",
                hint="free some space, or choose another place with -o",
            )


def _sync_folder(folder: Path) -> None:
    # Windows has no handles of folders that could be synced.
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
