"""What a registry holds: in memory, or in an OCI image layout."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from dget.errors import DgetError, UsageError
from dget.model import Digest, Index, Reference, read_manifest
from dget.model.document import decode

_PIECE = 1 << 20
# No registry takes a larger one: what is larger is a layer.
_MANIFEST_MAX = 4 << 20
# Where an index.json may say what its entries are called: containerd's annotation has the whole name.
_NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


class StoredManifest(msgspec.Struct, frozen=True):
    raw: bytes
    media_type: str


class Blob(Protocol):
    """size: bytes."""

    size: int

    def pieces(self, start: int, stop: int) -> Iterable[bytes]:
        """Bytes start to stop-1."""
        ...


class Content(Protocol):
    """Repositories, their tags, manifests and blobs. What is not there is None."""

    def manifest(self, repository: str, selector: str) -> StoredManifest | None:
        """By tag or digest."""
        ...

    def blob(self, repository: str, digest: Digest) -> Blob | None: ...

    def tags(self, repository: str) -> list[str] | None: ...


class MemoryBlob:
    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._data = data

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        for at in range(start, stop, _PIECE):
            yield self._data[at : min(at + _PIECE, stop)]


class FilePart(msgspec.Struct, frozen=True):
    """Bytes start to stop-1 of a file, opened when they are read; the server has the kernel send them."""

    path: Path
    start: int
    stop: int

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.start)
            left = self.stop - self.start
            while left and (piece := file.read(min(_PIECE, left))):
                left -= len(piece)
                yield piece


class FileBlob:
    """Raises OSError where the file is not there."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self._path = path

    def pieces(self, start: int, stop: int) -> FilePart:
        return FilePart(self._path, start, stop)


class MemoryContent:
    """Images that a program made."""

    def __init__(self) -> None:
        self._manifests: dict[tuple[str, str], StoredManifest] = {}
        self._tags: dict[str, set[str]] = {}
        self._blobs: dict[Digest, bytes] = {}

    def add_blob(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        self._blobs[digest] = data
        return digest

    def add_manifest(self, repository: str, raw: bytes, media_type: str, *tags: str) -> Digest:
        digest = Digest.of(raw)
        self._tags.setdefault(repository, set()).update(tags)
        for selector in (str(digest), *tags):
            self._manifests[repository, selector] = StoredManifest(raw, media_type)
        return digest

    def manifest(self, repository: str, selector: str) -> StoredManifest | None:
        return self._manifests.get((repository, selector))

    def blob(self, repository: str, digest: Digest) -> Blob | None:
        data = self._blobs.get(digest) if repository in self._tags else None
        return None if data is None else MemoryBlob(data)

    def tags(self, repository: str) -> list[str] | None:
        tags = self._tags.get(repository)
        return None if tags is None else sorted(tags)


class LayoutContent:
    """An OCI image layout, read as it is at each request. Its names' hosts are not looked at.

    unnamed: the repository of entries that carry a tag alone, as other tools write them; without it they are left out.
    """

    def __init__(self, folder: Path, *, unnamed: str | None = None) -> None:
        self._folder = folder
        self._unnamed = unnamed

    def manifest(self, repository: str, selector: str) -> StoredManifest | None:
        entry = self._names().get((repository, selector))
        if entry is not None:
            path = self._path(entry[0])
            return StoredManifest(path.read_bytes(), entry[1]) if path.is_file() else None
        if ":" not in selector or self.tags(repository) is None:
            return None
        blob = self._path(Digest.parse(selector))
        if not blob.is_file() or blob.stat().st_size > _MANIFEST_MAX:
            return None
        raw = blob.read_bytes()
        media_type = _media_type(raw)
        return StoredManifest(raw, media_type) if media_type else None

    def blob(self, repository: str, digest: Digest) -> Blob | None:
        path = self._path(digest)
        return FileBlob(path) if self.tags(repository) is not None and path.is_file() else None

    def tags(self, repository: str) -> list[str] | None:
        tags = [tag for name, tag in self._names() if name == repository]
        return sorted(tags) or None

    def _path(self, digest: Digest) -> Path:
        return self._folder / "blobs" / digest.algorithm / digest.hex

    def _names(self) -> dict[tuple[str, str], tuple[Digest, str]]:
        """Digest and media type by repository and tag."""
        index = decode((self._folder / "index.json").read_bytes(), Index)
        found = {}
        for entry in index.manifests:
            name = next(filter(None, map(entry.annotation, _NAME_ANNOTATIONS)), None)
            if name and (place := self._place(name)):
                found[place] = (entry.digest, entry.media_type)
        return found

    def _place(self, name: str) -> tuple[str, str] | None:
        """The repository and tag of a full name, or of a tag alone."""
        if not set("/:") & set(name):
            return (self._unnamed, name) if self._unnamed else None
        try:
            reference = Reference.parse(name)
        except UsageError:
            return None
        return reference.repository, reference.label


def _media_type(raw: bytes) -> str:
    """Of a manifest; an empty string for bytes that are none."""
    try:
        return read_manifest(raw).descriptor.media_type
    except DgetError:
        return ""
