"""Folders among the system's temporary files that not even a killed process leaves there for long."""

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from dget.codec.files import FileLock
from dget.codec.storage_errors import disk_errors
from dget.errors import StorageError

_HINT = "choose another folder with TMPDIR"


class ScratchFolder:
    """Ours alone until `remove`. A lock beside it falls free with the process: then the next one removes what it left."""

    def __init__(self) -> None:
        """Raises StorageError."""
        try:
            base = Path(tempfile.gettempdir())
        except OSError as error:
            raise StorageError(f"no folder takes temporary files: {error.strerror}", hint=_HINT) from error
        remove_abandoned()
        self.path = base / f"dget-{os.urandom(8).hex()}"
        self._lock: FileLock | None = None
        # Where there are no locks, nobody takes it for abandoned.
        with contextlib.suppress(OSError):
            self._lock = FileLock.try_take(self.path.with_suffix(".lock"))
        try:
            with disk_errors(base, "make a folder for temporary files in", hint=_HINT):
                self.path.mkdir(mode=0o700)
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock:
            self._lock.release()


def remove_abandoned() -> None:
    """What killed processes left of theirs."""
    try:
        base = Path(tempfile.gettempdir())
    except OSError:
        # Nobody finds a folder that takes files, as on a full disk.
        return
    for path in base.glob("dget-" + "[0-9a-f]" * 16 + ".lock"):
        with contextlib.suppress(OSError):
            if _is_ours(path) and (lock := FileLock.try_take(path)):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                lock.release()


def _is_ours(path: Path) -> bool:
    """Anybody may put things there, and links to things."""
    found = path.lstat()
    return stat.S_ISREG(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == os.getuid())
