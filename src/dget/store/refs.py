"""Which digest a name had when it was last resolved; `index.json` is derived from these."""

import hashlib
from pathlib import Path

import msgspec

from dget.codec import FileLock
from dget.errors import Unsupported
from dget.model import Descriptor, Digest
from dget.model.document import decode
from dget.store.cache_errors import cache_errors
from dget.store.whole_file import write_whole

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

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._refs = folder / "refs"

    def get(self, name: str) -> Ref | None:
        """None where it was never resolved, or its record cannot be read."""
        try:
            ref = _read(self._path(name))
        except (OSError, Unsupported):
            return None
        return ref if ref.name == name else None

    def set(self, name: str, root: Descriptor, now: float) -> None:
        """Records what `name` was resolved to, and derives `index.json` anew. Raises StorageError."""
        ref = Ref(name=name, media_type=root.media_type, digest=root.digest, size=root.size, resolved=now)
        with cache_errors(self._folder, "write the cache"):
            self._refs.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(name), msgspec.json.encode(ref, enc_hook=str))
            # Whoever holds the lock writes an index that already has our record, or the next writer does.
            if lock := FileLock.try_take(self._folder / "index.lock"):
                try:
                    write_whole(self._folder / "index.json", self._index())
                finally:
                    lock.release()

    def all(self) -> list[Ref]:
        names = []
        for path in sorted(self._refs.glob("*.json")):
            try:
                names.append(_read(path))
            except (OSError, Unsupported):
                continue
        return names

    def _path(self, name: str) -> Path:
        # Names hold characters that file systems refuse, and may be longer than they allow.
        return self._refs / f"{hashlib.sha256(name.encode()).hexdigest()}.json"

    def _index(self) -> bytes:
        entries = [
            {
                "mediaType": ref.media_type,
                "digest": str(ref.digest),
                "size": ref.size,
                "annotations": dict.fromkeys(_NAME_ANNOTATIONS, ref.name),
            }
            for ref in self.all()
        ]
        return msgspec.json.encode({"schemaVersion": 2, "manifests": entries})


def _read(path: Path) -> Ref:
    """Raises OSError, Unsupported."""
    return decode(path.read_bytes(), Ref)
