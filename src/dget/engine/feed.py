"""Blobs on their way to an exporter that wants them one after the other: each is handed over as soon as it is its turn."""

import io
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from dget.archive import SequentialExporter
from dget.codec import ScratchFolder, disk_errors
from dget.errors import StorageError
from dget.flow import Cancel
from dget.model import Descriptor, Digest
from dget.store import BlobStore

_BUFFER = 1 << 20


class Feed:
    """cache, spool: a verified blob is in one of them; it leaves the spool when it was fed."""

    def __init__(
        self, exporter: SequentialExporter, order: Sequence[Descriptor], cache: BlobStore | None, spool: BlobStore
    ) -> None:
        self._exporter = exporter
        self._order = order
        self._cache = cache
        self._spool = spool
        self._here: set[Digest] = set()
        self._changed = threading.Condition()

    def arrived(self, blob: Descriptor) -> None:
        """It is whole and verified."""
        with self._changed:
            self._here.add(blob.digest)
            self._changed.notify_all()

    def run(self, cancel: Cancel) -> None:
        """Until all are fed. Raises Cancelled and what the exporter raises."""
        with cancel.on_cancel(self._wake):
            for blob in self._order:
                with self._changed:
                    while not (cancel.cancelled or blob.digest in self._here):
                        self._changed.wait()
                cancel.check()
                with self._open(blob, cancel) as content:
                    self._exporter.add(blob, content)
                self._spool.discard(blob.digest)

    def path(self, blob: Descriptor) -> Path:
        """Of the file that holds a verified blob. Raises StorageError."""
        for store in (self._cache, self._spool):
            if store and store.has(blob):
                return store.path(blob.digest)
        raise StorageError(f"blob {blob.digest} was removed while it was needed")

    def _open(self, blob: Descriptor, cancel: Cancel) -> BinaryIO:
        path = self.path(blob)
        with disk_errors(path, "read"):
            return io.BufferedReader(_InterruptibleFile(path, cancel), _BUFFER)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _InterruptibleFile(io.FileIO):
    """Its reads notice that the run is to stop, however long its reader goes on."""

    def __init__(self, path: Path, cancel: Cancel) -> None:
        super().__init__(path, "rb")
        self._cancel = cancel

    def readinto(self, buffer: Any) -> int | None:
        self._cancel.check()
        return super().readinto(buffer)


@contextmanager
def open_spool(folder: Path | None, cancel: Cancel) -> Iterator[BlobStore]:
    """A store for blobs that wait their turn, gone with the block. folder: its own; None is one of the system's.

    Removed already when the run is cancelled: a stream's reader may then hold up the block's end for ever.
    """
    if folder is None:
        scratch = ScratchFolder()
        place, remove = scratch.path, scratch.remove
    else:
        place, remove = folder, lambda: shutil.rmtree(folder, ignore_errors=True)
        # What a run that was killed left.
        remove()
    try:
        with cancel.on_cancel(remove):
            yield BlobStore(place)
    finally:
        remove()
