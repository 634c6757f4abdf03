"""A file on its way: written as `NAME.part`, ours alone, renamed when it is whole."""

import contextlib
import itertools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from dget.codec import FileLock, Ledger, PositionalFile, Record, check_room, disk_errors, sync_folder, taken
from dget.errors import StorageError


class PartFile:
    """identity: of what the file is to become; a later run of the same goes on where this one was left."""

    def __init__(self, target: Path, size: int, identity: str) -> None:
        """size: bytes that it will have. Raises StorageError where they do not fit or another process writes it."""
        self.target = target
        self._path = target.with_name(f"{target.name}.part")
        self._ledger = Ledger(self._beside("ledger"), identity)
        if target.exists() and not target.is_file():
            raise StorageError(f"{target} is there and is no file", hint="choose another name with -o")
        with disk_errors(target.parent, "write into the folder", hint="choose another place with -o"):
            target.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock.try_take(self._beside("lock"))
        if lock is None:
            raise StorageError(
                f"{FileLock.holder(self._beside('lock'))} is writing {target} now",
                hint="wait until it ends, or choose another name with -o",
            )
        self._lock = lock
        # A record must not be written after the file went to its place.
        self._closing = threading.Lock()
        self._closed = False
        self._recorded = False
        self.set_aside: Path | None = None
        try:
            self.kept = self._take_up()
            self._recorded = bool(self.kept)
            self.file = self._open(size)
        except BaseException:
            if not self._recorded:
                with contextlib.suppress(OSError):
                    self._ledger.remove()
            lock.release()
            raise

    def keep(self, blobs: Mapping[str, Sequence[Record]], *, sync: bool) -> None:
        """Records what is there. sync: wait until the disk has it, as a power cut demands. Raises StorageError."""
        with self._closing:
            if self._closed:
                return
            if sync:
                self.file.sync_data()
            self._ledger.write(blobs, sync=sync)
            self._recorded = self._ledger.recorded

    def finish(self, size: int) -> None:
        """Puts the file, now of `size` bytes, under its final name, in place of what was there."""
        try:
            self._close()
            self.file.truncate(size)
            self.file.sync_data()
            self.file.close()
            with disk_errors(self.target, "replace"):
                self._path.replace(self.target)
                self._ledger.remove()
                sync_folder(self.target.parent)
        finally:
            self._lock.release()

    def leave(self) -> None:
        """Keeps what was recorded for a later run; leaves nothing behind where nothing was."""
        if not self._recorded:
            self.abort()
            return
        self._close()
        self.file.close()
        self._lock.release()

    def abort(self) -> None:
        """Leaves nothing behind."""
        self._close()
        self.file.close()
        with contextlib.suppress(OSError):
            self._ledger.remove()
            self._path.unlink(missing_ok=True)
        self._lock.release()

    def _close(self) -> None:
        """No record from now on."""
        with self._closing:
            self._closed = True

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{suffix}")

    def _open(self, size: int) -> PositionalFile:
        """The file, with all of its room taken."""
        with disk_errors(self._path, "look at"):
            here = taken(self._path)
        check_room(self.target, size - here, hint="free some space, or choose another place with -o")
        file = PositionalFile(self._path, create=True)
        try:
            file.allocate(size)
        except BaseException:
            file.close()
            if not self._recorded:
                self._path.unlink(missing_ok=True)
            raise
        return file

    def _take_up(self) -> Mapping[str, Sequence[Record]]:
        """What a former run left of this very file; what is there of another one, or somebody else's, is set aside."""
        with disk_errors(self._path, "replace"):
            ours = self._ledger.exists()
            records = self._ledger.read()
            if records and self._path.exists():
                return records
            if (records is None or not ours) and taken(self._path):
                self.set_aside = self._unused()
                self._path.replace(self.set_aside)
            self._path.unlink(missing_ok=True)
        self._ledger.begin()
        return {}

    def _unused(self) -> Path:
        """A name that nothing has yet."""
        numbers = itertools.chain([""], map(str, itertools.count(2)))
        return next(path for path in (self._beside(f"old{number}") for number in numbers) if not path.exists())
