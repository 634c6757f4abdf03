"""Which digest a name had when it was last resolved; `index.json` is derived from these."""

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from dget.codec import FileLock
from dget.codec.whole_file import write_whole
from dget.errors import Unsupported
from dget.model import Descriptor, Digest
from dget.model.document import decode
from dget.store.cache_errors import cache_errors, lock_errors

_INDEX_WITHIN = 2.0
_NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


class Ref(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """name: fully qualified with tag; resolved: unix time."""

    name: str
    media_type: str
    digest: Digest
    size: int
    resolved: float

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(media_type=self.media_type, digest=self.digest, size=self.size)


class RefStore:
    """`refs/<hash of the name>.json` is the truth, one file a name."""

    def __init__(self, folder: Path, behind: Sequence[Path] = (), *, writable: bool = True) -> None:
        """behind: folders whose records are read besides; writable: whether `folder` is."""
        self._folder = folder
        self._refs = folder / "refs"
        self._behind = [one / "refs" for one in behind]
        self._writable = writable

    def get(self, name: str) -> Ref | None:
        """The latest; None where it was never resolved, or its records cannot be read."""
        found = [ref for folder in (self._refs, *self._behind) if (ref := _read(folder / _file_name(name)))]
        return max((ref for ref in found if ref.name == name), key=lambda ref: ref.resolved, default=None)

    def set(self, name: str, root: Descriptor, now: float) -> None:
        """Records what `name` was resolved to, and derives `index.json` anew. Raises StorageError."""
        if not self._writable:
            return
        ref = Ref(name=name, media_type=root.media_type, digest=root.digest, size=root.size, resolved=now)
        with cache_errors(self._folder, "write the cache"):
            self._refs.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(name), msgspec.json.encode(ref, enc_hook=str))
            self.write_index()

    def touch(self, name: str) -> None:
        """It was used: the time of its record is that of its last use. A cache that takes no notes is used all the same."""
        with suppress(OSError):
            os.utime(self._path(name))

    def used(self, ref: Ref) -> float:
        """When it was used last, in unix time."""
        try:
            return self._path(ref.name).stat().st_mtime
        except OSError:
            return ref.resolved

    def remove(self, names: Sequence[str]) -> None:
        """Raises StorageError."""
        with cache_errors(self._refs, "write the cache"):
            for name in names:
                self._path(name).unlink(missing_ok=True)
            self.write_index()

    def remove_unreadable(self) -> int:
        """Records that nobody can read say nothing; how many there were. Raises StorageError."""
        paths = [path for path in self._refs.glob("*.json") if _read(path) is None]
        with cache_errors(self._refs, "write the cache"):
            for path in paths:
                path.unlink(missing_ok=True)
        return len(paths)

    def write_index(self) -> None:
        """Raises OSError, StorageError."""
        path = self._folder / "index.lock"
        deadline = time.monotonic() + _INDEX_WITHIN
        with lock_errors(path):
            while (lock := FileLock.try_take(path)) is None:
                # For other tools alone: whoever hangs with the lock holds up nobody for long.
                if time.monotonic() > deadline:
                    return
                time.sleep(0.002)
        try:
            write_whole(self._folder / "index.json", self._index())
        finally:
            lock.release()

    def own(self) -> list[Ref]:
        """Of the first folder."""
        return list(_records(self._refs))

    def all(self) -> list[Ref]:
        """Of all folders, the first one's first."""
        return [ref for folder in (self._refs, *self._behind) for ref in _records(folder)]

    def _path(self, name: str) -> Path:
        return self._refs / _file_name(name)

    def _index(self) -> bytes:
        entries = [
            {
                "mediaType": ref.media_type,
                "digest": str(ref.digest),
                "size": ref.size,
                "annotations": dict.fromkeys(_NAME_ANNOTATIONS, ref.name),
            }
            for ref in self.own()
        ]
        return msgspec.json.encode({"schemaVersion": 2, "manifests": entries})


def _file_name(name: str) -> str:
    # Names hold characters that file systems refuse, and may be longer than they allow.
    return f"{hashlib.sha256(name.encode()).hexdigest()}.json"


def _records(folder: Path) -> Iterator[Ref]:
    return (ref for path in sorted(folder.glob("*.json")) if (ref := _read(path)))


def _read(path: Path) -> Ref | None:
    try:
        return decode(path.read_bytes(), Ref)
    except (OSError, Unsupported):
        return None
