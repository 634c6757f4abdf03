"""An OCI layout folder: blobs that are there are verified and used, images are added beside those that it has.

Source: OCI image specification, image-layout.md.
"""

import contextlib
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from dget.archive.documents import OCI_LAYOUT, blob_name, documents
from dget.archive.exporter import Exported
from dget.archive.layout_index import add_images, read_index
from dget.codec import (
    FileLock,
    FileRegion,
    Ledger,
    PositionalFile,
    Record,
    Region,
    check_room,
    disk_errors,
    sync_folder,
)
from dget.errors import StorageError
from dget.flow import Noted, Observer
from dget.model import Contents, Descriptor, Digest

_PIECE = 1 << 20


class OciDir:
    """A PlacedExporter: each missing blob arrives in a file of its own and gets its name when all are verified."""

    def __init__(self, target: Path, observer: Observer) -> None:
        self._target = target
        self._observer = observer
        self._arriving = target / ".part"
        self._ledger = Ledger(self._arriving / "ledger", "oci-dir")
        self._contents: Contents
        self._lock: FileLock | None = None
        self._is_new = False
        self._missing: list[Descriptor] = []
        self._files: dict[Digest, PositionalFile] = {}
        self._kept: Mapping[str, Sequence[Record]] = {}
        self._recorded = False
        # A record must not be written after the files went to their places.
        self._closing = threading.Lock()

    def begin(self, contents: Contents) -> None:
        self._contents = contents
        self._is_new = not self._target.exists()
        self._take_lock()
        try:
            self._check_target()
        except BaseException:
            self._release()
            raise
        try:
            self._missing = [blob for blob in contents.blobs if not self._has(blob)]
            if reused := len(contents.blobs) - len(self._missing):
                self._observer(
                    Noted(text=f"{reused} of {len(contents.blobs)} blobs are in {self._target} already, and whole")
                )
            self._kept = self._ledger.read() or {}
            self._recorded = bool(self._kept)
            check_room(
                self._arriving,
                sum(blob.size for blob in self._missing),
                hint="free some space, or choose another place with -o",
            )
            with disk_errors(self._arriving, "create"):
                self._arriving.mkdir(exist_ok=True)
            for blob in self._missing:
                self._files[blob.digest] = PositionalFile(self._arriving / blob.digest.hex, create=True)
        except BaseException:
            self.leave()
            raise

    def missing(self) -> Sequence[Descriptor]:
        return self._missing

    def region(self, blob: Descriptor) -> Region:
        return FileRegion(self._files[blob.digest], 0, blob.size)

    def kept(self, blob: Descriptor) -> Sequence[Record]:
        return self._kept.get(str(blob.digest), ())

    def keep(self, blobs: Mapping[Digest, Sequence[Record]], *, sync: bool) -> None:
        with self._closing:
            if self._lock is None:
                return
            for digest in blobs if sync else ():
                self._files[digest].sync_data()
            self._ledger.write({str(digest): records for digest, records in blobs.items()}, sync=sync)
            self._recorded = self._ledger.recorded

    def finish(self) -> Exported:
        """Blobs, then the documents that name them, then `index.json`: at no time does a name stand for what is not there."""
        with self._closing, disk_errors(self._target, "write into the folder"):
            self._write(*OCI_LAYOUT)
            for blob in self._missing:
                self._place(blob)
            own = documents(self._contents)
            for digest, raw in own.items():
                self._write(blob_name(digest), raw)
            # What the index names must be there before it, also what a run that was killed put there.
            digests = [*(blob.digest for blob in self._contents.blobs), *own]
            for folder in sorted({f"blobs/{digest.algorithm}" for digest in digests}):
                sync_folder(self._target / folder)
            sync_folder(self._target / "blobs")
            sync_folder(self._target)
            index = add_images(read_index(self._target / "index.json"), self._contents)
            self._write("index.json", index)
            # That they are gone is synced with it.
            self._remove_parts()
            sync_folder(self._target)
            sync_folder(self._target.parent)
            self._release()
        size = sum(blob.size for blob in self._contents.blobs) + sum(map(len, own.values()))
        return Exported(path=self._target, size=size)

    def leave(self) -> None:
        if not self._recorded:
            self.abort()
            return
        with self._closing:
            self._close_files()
            self._release()

    def abort(self) -> None:
        """Leaves the folder as it was."""
        if self._lock is None:
            # It never became ours.
            return
        with self._closing:
            self._close_files()
            self._remove_parts()
            self._release()
        if self._is_new:
            for folder in ("blobs/sha256", "blobs/sha512", "blobs", "."):
                # What is not empty is not ours alone.
                with contextlib.suppress(OSError):
                    (self._target / folder).rmdir()

    def _take_lock(self) -> None:
        with disk_errors(self._target, "write into the folder", hint="choose another place with -o"):
            self._target.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock.try_take(self._target / "index.json.lock")
        if self._lock is None:
            raise StorageError(
                f"another process is adding to {self._target} now", hint="wait until it ends, or choose another folder"
            )

    def _check_target(self) -> None:
        """Raises StorageError where other things are in the folder, or its index cannot be read."""
        with disk_errors(self._target, "read the folder"):
            names = {path.name for path in self._target.iterdir()} - {"index.json.lock", ".part"}
            if names and OCI_LAYOUT[0] not in names:
                raise StorageError(
                    f"{self._target} is no OCI layout, and there are other things in it",
                    hint="name a folder that is new, empty or an OCI layout",
                )
            read_index(self._target / "index.json")

    def _has(self, blob: Descriptor) -> bool:
        """Whether the folder holds the blob, and its bytes are what their name says."""
        path = self._target / blob_name(blob.digest)
        with disk_errors(path, "read"):
            if not path.is_file() or path.stat().st_size != blob.size:
                return False
            hasher = blob.digest.hasher()
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    hasher.update(piece)
        return hasher.hexdigest() == blob.digest.hex

    def _place(self, blob: Descriptor) -> None:
        file = self._files.pop(blob.digest)
        file.truncate(blob.size)
        file.sync_data()
        file.close()
        path = self._target / blob_name(blob.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        file.path.replace(path)

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all, also after a power cut."""
        path = self._target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = self._arriving / "document"
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def _remove_parts(self) -> None:
        shutil.rmtree(self._arriving, ignore_errors=True)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
