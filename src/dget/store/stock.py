"""What a cache folder has: blobs, images, and what is unfinished."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from dget.errors import Unsupported
from dget.model import Descriptor, Digest, Document, ImageConfig, Index, Manifest, read_config, read_manifest
from dget.model.manifest import is_attestation
from dget.store.cache_errors import cache_errors
from dget.store.garbage import Kept
from dget.store.refs import Ref, RefStore

# As large as registries' documents get; a layer is no document.
_DOCUMENT_MAX = 8 << 20
_NESTED_MAX = 5


class StoredImage(msgspec.Struct, frozen=True, kw_only=True):
    """A name and all that it leads to. blobs: needed, whether they are there or not; platforms: those that are there.

    resolved: when the name was last looked up; came: when its content did; used: when it was last pulled. Unix times.
    """

    name: str
    root: Descriptor
    blobs: frozenset[Digest]
    platforms: tuple[str, ...]
    complete: bool
    resolved: float
    came: float
    used: float

    @property
    def kept(self) -> Kept:
        return Kept(name=self.name, root=self.root.digest, blobs=self.blobs, used=self.used)


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """sizes: of all blobs that are there, in bytes; unfinished: bytes that wait to be gone on from; bad: set aside."""

    folder: Path
    images: tuple[StoredImage, ...]
    sizes: Mapping[Digest, int]
    unfinished: int
    bad: int

    @property
    def size(self) -> int:
        return sum(self.sizes.values()) + self.unfinished + self.bad

    @property
    def unreferenced(self) -> int:
        """Bytes that no image needs."""
        needed = frozenset[Digest]().union(*(image.blobs for image in self.images))
        return sum(size for digest, size in self.sizes.items() if digest not in needed)


def take_stock(folder: Path, refs: RefStore) -> Stock:
    """Raises StorageError. What cannot be read counts as not there."""
    with cache_errors(folder, "read the cache"):
        sizes = dict(_blobs(folder))
        unfinished = sum(_taken(entry) for entry in _entries(folder / "ingest"))
        bad = sum(_taken(entry) for entry in _entries(folder / "bad"))
    reader = _Reader(folder, sizes)
    images = [reader.image(ref, refs.used(ref)) for ref in refs.own()]
    return Stock(folder=folder, images=tuple(images), sizes=sizes, unfinished=unfinished, bad=bad)


class _Reader:
    """Follows names to blobs, reading each document once."""

    def __init__(self, folder: Path, sizes: Mapping[Digest, int]) -> None:
        self._blobs = folder / "blobs"
        self._sizes = sizes
        self._documents: dict[Digest, Document[Manifest] | Document[Index] | None] = {}

    def image(self, ref: Ref, used: float) -> StoredImage:
        needed: dict[Digest, Descriptor] = {}
        platforms = tuple(dict.fromkeys(self._follow(ref.descriptor, needed, depth=0)))
        return StoredImage(
            name=ref.name,
            root=ref.descriptor,
            blobs=frozenset(needed),
            platforms=platforms,
            complete=bool(platforms) and all(self._sizes.get(one.digest) == one.size for one in needed.values()),
            resolved=ref.resolved,
            came=self._came(ref),
            used=used,
        )

    def _follow(self, descriptor: Descriptor, needed: dict[Digest, Descriptor], depth: int) -> Iterator[str]:
        """The platforms that are there; `needed` gets all blobs on the way."""
        needed[descriptor.digest] = descriptor
        document = self._document(descriptor)
        if document is None or depth > _NESTED_MAX:
            return
        if isinstance(document.value, Index):
            for entry in document.value.manifests:
                # Only the platforms that were asked for are here.
                if entry.digest in self._sizes:
                    found = list(self._follow(entry, needed, depth + 1))
                    yield from () if is_attestation(entry) else found
            return
        manifest = document.value
        needed |= {blob.digest: blob for blob in (manifest.config, *manifest.layers)}
        yield str(descriptor.platform.normalised()) if descriptor.platform else self._platform(manifest)

    def _document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index] | None:
        if descriptor.digest not in self._documents:
            self._documents[descriptor.digest] = self._read_document(descriptor)
        return self._documents[descriptor.digest]

    def _read_document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index] | None:
        raw = self._read(descriptor.digest)
        try:
            document = read_manifest(raw, declared=descriptor.media_type)
            _ = document.value
        except Unsupported:
            return None
        # Not what the name means, whatever it says: its layers are not that image's.
        return document if document.descriptor.digest == descriptor.digest else None

    def _platform(self, manifest: Manifest) -> str:
        try:
            config: Document[ImageConfig] = read_config(self._read(manifest.config.digest), manifest.config)
            return str(config.value.platform.normalised())
        except Unsupported:
            return "unknown"

    def _read(self, digest: Digest) -> bytes:
        """Empty where it is not there, or no document."""
        if not 0 < self._sizes.get(digest, 0) <= _DOCUMENT_MAX:
            return b""
        try:
            return self._path(digest).read_bytes()
        except OSError:
            return b""

    def _came(self, ref: Ref) -> float:
        try:
            return self._path(ref.digest).stat().st_mtime
        except OSError:
            return ref.resolved

    def _path(self, digest: Digest) -> Path:
        return self._blobs / digest.algorithm / digest.hex


def _blobs(folder: Path) -> Iterator[tuple[Digest, int]]:
    for algorithm in _entries(folder / "blobs"):
        for entry in _entries(Path(algorithm.path)):
            try:
                yield Digest(algorithm.name, entry.name), entry.stat().st_size
            # No blob's name, or a blob that has gone meanwhile.
            except (ValueError, FileNotFoundError):
                continue


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _taken(entry: os.DirEntry[str]) -> int:
    """Bytes of the disk; unfinished files have holes."""
    try:
        found = entry.stat()
    except FileNotFoundError:
        return 0
    return min(found.st_size, getattr(found, "st_blocks", found.st_size) * 512)
