"""Blobs by digest: whole and verified ones, and those that are arriving."""

import contextlib
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dget.codec import FileLock, FileRegion, Ledger, PositionalFile, Record, taken
from dget.model import Descriptor, Digest
from dget.store.cache_errors import cache_errors, check_cache_room, lock_errors
from dget.store.holds import Holds
from dget.store.whole_file import write_whole


class BlobStore:
    """`blobs/<algorithm>/<hex>` holds what was verified, `ingest/` what is arriving."""

    def __init__(
        self, folder: Path, behind: Sequence[Path] = (), *, writable: bool = True, holds: Holds | None = None
    ) -> None:
        """behind: folders that are read besides; writable: whether `folder` is; holds: None where nobody prunes."""
        self.writable = writable
        self._folder = folder
        self._behind = behind
        self._holds = holds
        self._ingest = folder / "ingest"
        # Damaged ones in folders that are not ours to change.
        self._distrusted: set[Path] = set()

    def path(self, digest: Digest) -> Path:
        """Of its file, in the first folder that has one; where it would be, where none has."""
        own = self.own_path(digest)
        if not self._behind and self.writable:
            return own
        return next((path for path in self._candidates(digest) if os.access(path, os.F_OK)), own)

    def own_path(self, digest: Digest) -> Path:
        """Of its file in the first folder, whether it is there or not."""
        return _place(self._folder, digest)

    def size(self, digest: Digest) -> int | None:
        """In bytes, as it lies there; None where it is not there. Raises StorageError."""
        path = self.path(digest)
        if path in self._distrusted:
            return None
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None
        except OSError:
            with cache_errors(path.parent, "read the cache"):
                raise

    def has(self, blob: Descriptor) -> bool:
        """Whether it is there in its full size; its bytes are verified when they are used."""
        return self.size(blob.digest) == blob.size

    def open(self, digest: Digest) -> PositionalFile:
        """Raises StorageError."""
        path = self.path(digest)
        with cache_errors(path, "read the cache"):
            return PositionalFile(path)

    def read(self, blob: Descriptor) -> bytes | None:
        """A small blob's bytes, or None where they are not there or do not match; damaged ones are removed."""
        if not self.has(blob):
            return None
        path = self.path(blob.digest)
        with cache_errors(path, "read the cache"):
            try:
                data = path.read_bytes()
            # A prune may take what is not needed yet.
            except FileNotFoundError:
                return None
        if Digest.of(data, blob.digest.algorithm) == blob.digest:
            return data
        self.discard(blob.digest)
        return None

    def need(self, digests: Iterable[Digest]) -> None:
        """From now on, and until the run ends, a prune leaves them there. Raises StorageError."""
        if self._holds:
            self._holds.add(digests)

    def add(self, digest: Digest, data: bytes) -> None:
        """Keeps bytes that were verified, where that is possible. Raises StorageError."""
        if not self.writable:
            return
        self.need([digest])
        target = self.own_path(digest)
        with cache_errors(target.parent, "write the cache"):
            self._ingest.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
        # Another thread or process, also in another container, may be adding the same.
        write_whole(target, data, beside=self._ingest / f"{digest.algorithm}-{digest.hex}")

    def discard(self, digest: Digest) -> None:
        """Removes a blob that turned out to be damaged; one that is not ours to change is not looked at again."""
        path = self.path(digest)
        if not self.writable or path != self.own_path(digest):
            self._distrusted.add(path)
            return
        with cache_errors(path.parent, "remove a damaged blob"):
            path.unlink(missing_ok=True)

    def ingest(self, blob: Descriptor) -> "Ingest | None":
        """A place for a blob that is to arrive; None where another process is bringing it.

        The store must be writable. Raises StorageError.
        """
        self.need([blob.digest])
        part = self._part(blob.digest)
        with lock_errors(self._ingest), cache_errors(self._ingest, "write the cache"):
            self._ingest.mkdir(parents=True, exist_ok=True)
            lock = FileLock.try_take(part.with_suffix(".lock"))
        if lock is None:
            return None
        try:
            return Ingest(self, part, blob, lock)
        except BaseException:
            lock.release()
            raise

    def arriving(self, blob: Descriptor) -> int:
        """How many bytes whoever brings it has, about."""
        try:
            found = self._part(blob.digest).stat()
        except OSError:
            return 0
        # Its file has holes.
        blocks = getattr(found, "st_blocks", None)
        return min(blob.size, found.st_size if blocks is None else blocks * 512)

    def check_room(self, blobs: Iterable[Descriptor]) -> None:
        """Raises StorageError where the disk cannot take these blobs, what of them is there already aside."""
        with cache_errors(self._ingest, "read the cache"):
            need = sum(max(0, blob.size - taken(self._part(blob.digest))) for blob in blobs)
        check_cache_room(self._folder, need)

    def _candidates(self, digest: Digest) -> Iterable[Path]:
        paths = (_place(folder, digest) for folder in (self._folder, *self._behind))
        return (path for path in paths if path not in self._distrusted)

    def _part(self, digest: Digest) -> Path:
        return self._ingest / f"{digest.algorithm}-{digest.hex}.part"

    def _place(self, part: Path, digest: Digest) -> None:
        target = self.own_path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)


class Ingest:
    """One blob on its way into the store, ours alone while its lock is held. A later run goes on where it was left."""

    def __init__(self, store: BlobStore, path: Path, blob: Descriptor, lock: FileLock) -> None:
        self.store = store
        self._lock = lock
        self._path = path
        self._blob = blob
        self._ledger = Ledger(path.with_suffix(".ledger"), str(blob.digest))
        self._recorded = False
        # A record must not be written after the file went to its place.
        self._closing = threading.Lock()
        self._closed = False
        self.file = PositionalFile(path, create=True, size=blob.size)
        self.region = FileRegion(self.file, 0, blob.size)

    def kept(self, blob: Descriptor) -> Sequence[Record]:
        """What the ledger of a former run claims to be there."""
        records = (self._ledger.read() or {}).get(str(blob.digest), ())
        self._recorded = bool(records)
        return records

    def keep(self, blobs: Mapping[Digest, Sequence[Record]], *, sync: bool) -> None:
        """Records what is there. sync: wait until the disk has it, as a power cut demands. Raises StorageError."""
        with self._closing:
            if self._closed:
                return
            if sync:
                self.file.sync_data()
            self._ledger.write({str(digest): records for digest, records in blobs.items()}, sync=sync)
            self._recorded = self._ledger.recorded

    def commit(self) -> None:
        """Its bytes were verified: from now on the store has it."""
        with self._closing, cache_errors(self._path, "write the cache"):
            self.file.truncate(self._blob.size)
            self._close()
            self.store._place(self._path, self._blob.digest)  # noqa: SLF001 - the other half of this concept
            self._ledger.remove()
            self._lock.release()

    def leave(self) -> None:
        """Keeps what was recorded for a later run; leaves nothing behind where nothing was."""
        if not self._recorded:
            self.abandon()
            return
        with self._closing:
            self._close()
        self._lock.release()

    def abandon(self) -> None:
        """Leaves nothing behind."""
        with self._closing:
            self._close()
        with contextlib.suppress(OSError):
            self._ledger.remove()
            self._path.unlink(missing_ok=True)
        self._lock.release()

    def _close(self) -> None:
        self._closed = True
        self.file.close()


def _place(folder: Path, digest: Digest) -> Path:
    return folder / "blobs" / digest.algorithm / digest.hex
