"""One image in a file or folder, as a source of documents and blobs."""

from collections.abc import Mapping, Sequence

import msgspec

from dget.archive.readers import beside
from dget.archive.readers.alone import Alone
from dget.archive.readers.members import Members, read_document
from dget.errors import DamagedFile
from dget.flow import Cancel, PieceSink
from dget.model import Descriptor, Digest, Document, Index, Manifest, Reference, read_manifest
from dget.protocol.connection_limit import FIRST, ConnectionLimit
from dget.protocol.referrers import of_types

MANIFEST_MAX = 4 << 20
CONFIG_MAX = 8 << 20
_PIECE = 1 << 20


class FileImage(msgspec.Struct, frozen=True, kw_only=True):
    """An ImageSource of the engine. What it gives is verified by digest, or by who takes it.

    names: all that the file gives the image, fully qualified. root: the image's manifest or index. made: documents
    that are not in the file, because it is of a kind that has none. places: of blobs that are not at
    `blobs/<algorithm>/<hex>`.
    """

    members: Members
    reference: Reference
    names: tuple[str, ...]
    root: Document[Manifest] | Document[Index]
    cancel: Cancel
    made: Mapping[Digest, bytes] = msgspec.field(default_factory=dict)
    places: Mapping[Digest, str] = msgspec.field(default_factory=dict)

    @property
    def quota(self) -> None:
        """Nobody counts."""
        return

    @property
    def hosts(self) -> Alone:
        """What is damaged stays so."""
        return Alone(self, steady=True, connections=ConnectionLimit(FIRST))

    def expect(self, blobs: Sequence[Descriptor]) -> None:
        """Nobody is far away."""

    def scout(self, known: Descriptor) -> None:
        """There is nobody else."""

    def resolve(self) -> Document[Manifest] | Document[Index]:
        return self.root

    def digest(self) -> Digest:
        return self.root.descriptor.digest

    def holds(self, descriptor: Descriptor) -> bool:
        """Whether the bytes are in the file: of an index's platforms it may hold some alone."""
        return descriptor.digest in self.made or self.members.size_of(self._place(descriptor.digest)) is not None

    def document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index]:
        """Raises DamagedFile where it is missing or does not match its digest, Unsupported where it is no manifest."""
        raw = self.made.get(descriptor.digest)
        if raw is None:
            raw = read_verified(self.members, self._place(descriptor.digest), descriptor, MANIFEST_MAX)
        return read_manifest(raw, declared=descriptor.media_type)

    def tagged(self, tag: str) -> Document[Manifest] | Document[Index] | None:
        """What the file has under another tag beside the image."""
        entry = beside.tagged(self.members, tag, f"{self.reference.name}:{tag}")
        return self.document(entry) if entry else None

    def referrers(self, digest: Digest, types: Sequence[str]) -> Sequence[Descriptor]:
        """What the file has beside the image that names a manifest as its subject."""
        return of_types(beside.referrers(self.members, digest, self.document), types)

    def small_blob(self, blob: Descriptor) -> bytes:
        """A config or the like. Raises DamagedFile, Unsupported."""
        return read_verified(self.members, self._place(blob.digest), blob, CONFIG_MAX)

    def read_blob(self, blob: Descriptor, sink: PieceSink, *, start: int = 0, stop: int | None = None) -> None:
        """Bytes start to stop-1, unverified. Raises DamagedFile where it is missing or of another size, Cancelled."""
        place = self._place(blob.digest)
        check_size(self.members, place, blob)
        end = blob.size if stop is None else stop
        while start < end:
            self.cancel.check()
            data = self.members.read(place, start, min(_PIECE, end - start))
            if not data:
                raise DamagedFile(f"{self.members.where} is cut within {place}")
            sink.write(data)
            start += len(data)

    def _place(self, digest: Digest) -> str:
        return self.places.get(digest) or blob_place(digest)


def blob_place(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def check_size(members: Members, place: str, blob: Descriptor) -> None:
    size = members.size_of(place)
    if size is None:
        raise DamagedFile(f"{members.where} lacks {blob.digest}", hint="it was cut, or made without this part")
    if size != blob.size:
        raise DamagedFile(f"{members.where}: {blob.digest} has {size:,} bytes where {blob.size:,} belong")


def read_verified(members: Members, place: str, blob: Descriptor, limit: int) -> bytes:
    """Raises DamagedFile, Unsupported where it has more than `limit` bytes."""
    check_size(members, place, blob)
    raw = read_document(members, place, limit)
    if raw is None or Digest.of(raw, blob.digest.algorithm) != blob.digest:
        raise DamagedFile(f"{members.where}: the bytes of {blob.digest} do not match their digest")
    return raw
