"""Blobs by digest: whole and verified ones, and those that are arriving."""

import contextlib
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dget.codec import FileLock, FileRegion, Ledger, PositionalFile, Record, taken
from dget.model import Descriptor, Digest
from dget.store.cache_errors import cache_errors, check_cache_room


class BlobStore:
    """`blobs/<algorithm>/<hex>` holds what was verified, `ingest/` what is arriving."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs = folder / "blobs"
        self._ingest = folder / "ingest"

    def path(self, digest: Digest) -> Path:
        return self._blobs / digest.algorithm / digest.hex

    def has(self, blob: Descriptor) -> bool:
        """Whether it is there in its full size; its bytes are verified when they are used."""
        return self.size(blob.digest) == blob.size

    def size(self, digest: Digest) -> int | None:
        """In bytes, as it lies there; None where it is not there. Raises StorageError."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None
        except OSError:
            with cache_errors(self._blobs, "read the cache"):
                raise

    def open(self, digest: Digest) -> PositionalFile:
        """Raises StorageError."""
        with cache_errors(self.path(digest), "read the cache"):
            return PositionalFile(self.path(digest))

    def read(self, blob: Descriptor) -> bytes | None:
        """A small blob's bytes, or None where they are not there or do not match; damaged ones are removed."""
        if not self.has(blob):
            return None
        with cache_errors(self.path(blob.digest), "read the cache"):
            data = self.path(blob.digest).read_bytes()
        if Digest.of(data, blob.digest.algorithm) == blob.digest:
            return data
        self.discard(blob.digest)
        return None

    def add(self, digest: Digest, data: bytes) -> None:
        """Keeps bytes that were verified."""
        with cache_errors(self._blobs, "write the cache"):
            self._ingest.mkdir(parents=True, exist_ok=True)
            # Another thread or process, also in another container, may be adding the same.
            part = self._ingest / f"{digest.algorithm}-{digest.hex}.{secrets.token_hex(8)}"
            try:
                part.write_bytes(data)
                self._place(part, digest)
            except OSError:
                part.unlink(missing_ok=True)
                raise

    def discard(self, digest: Digest) -> None:
        """Removes a blob that turned out to be damaged."""
        with cache_errors(self._blobs, "remove a damaged blob"):
            self.path(digest).unlink(missing_ok=True)

    def ingest(self, blob: Descriptor) -> "Ingest | None":
        """A place for a blob that is to arrive; None where another process is bringing it. Raises StorageError."""
        part = self._part(blob.digest)
        with cache_errors(self._ingest, "write the cache"):
            self._ingest.mkdir(parents=True, exist_ok=True)
            lock = FileLock.try_take(part.with_suffix(".lock"))
        return None if lock is None else Ingest(self, part, blob, lock)

    def check_room(self, blobs: Iterable[Descriptor]) -> None:
        """Raises StorageError where the disk cannot take these blobs, what of them is there already aside."""
        with cache_errors(self._ingest, "read the cache"):
            need = sum(max(0, blob.size - taken(self._part(blob.digest))) for blob in blobs)
        check_cache_room(self._folder, need)

    def _part(self, digest: Digest) -> Path:
        return self._ingest / f"{digest.algorithm}-{digest.hex}.part"

    def _place(self, part: Path, digest: Digest) -> None:
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)


class Ingest:
    """One blob on its way into the store, ours alone while its lock is held. A later run goes on where it was left."""

    def __init__(self, store: BlobStore, path: Path, blob: Descriptor, lock: FileLock) -> None:
        self._store = store
        self._lock = lock
        self._path = path
        self._blob = blob
        self._ledger = Ledger(path.with_suffix(".ledger"), str(blob.digest))
        self._recorded = False
        # A record must not be written after the file went to its place.
        self._closing = threading.Lock()
        self._closed = False
        self.file = PositionalFile(path, create=True)
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
            self._recorded = any(blobs.values())

    def commit(self) -> None:
        """Its bytes were verified: from now on the store has it."""
        with self._closing, cache_errors(self._path, "write the cache"):
            self.file.truncate(self._blob.size)
            self._close()
            self._store._place(self._path, self._blob.digest)  # noqa: SLF001 - the other half of this concept
            self._ledger.remove()
            self._lock.release()

    def leave(self) -> None:
        """Keeps what was recorded for a later run; leaves nothing behind where nothing was."""
        if not self._recorded:
            self.abandon()
            return
        with self._closing:
            self._close()
        with contextlib.suppress(OSError):
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
