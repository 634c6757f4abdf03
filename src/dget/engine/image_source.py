"""Where an image's documents and blobs come from: a registry, an archive, an OCI folder."""

from collections.abc import Sequence
from typing import Protocol

from dget.engine.sources import BlobHosts
from dget.model import Descriptor, Digest, Document, Index, Manifest, Reference
from dget.protocol.quota import Quota


class ImageSource(Protocol):
    """One image. Its methods raise DgetError.

    reference: what the image is called in messages and file names; names: those that it gets in an archive, fully
    qualified; quota: where somebody counts; hosts: who has its blobs.
    """

    @property
    def reference(self) -> Reference: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def quota(self) -> Quota | None: ...
    @property
    def hosts(self) -> BlobHosts: ...

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """What the image's name stands for."""
        ...

    def digest(self) -> Digest | None:
        """Of what `resolve` would give, asked for cheaply; None where that cannot be told."""
        ...

    def holds(self, descriptor: Descriptor) -> bool:
        """Whether its bytes can be had here: an archive may hold some of an index's platforms alone."""
        ...

    def document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index]:
        """Verified."""
        ...

    def tagged(self, tag: str) -> Document[Manifest] | Document[Index] | None:
        """What another tag of the repository names; None where there is no such tag."""
        ...

    def referrers(self, digest: Digest, types: Sequence[str]) -> Sequence[Descriptor]:
        """What names a manifest as its subject. types: of these artifact types alone, where any is named."""
        ...

    def small_blob(self, blob: Descriptor) -> bytes:
        """A config or the like, verified."""
        ...

    def expect(self, blobs: Sequence[Descriptor]) -> None:
        """Says which blobs are wanted next, so that it may be found out beside the next one where they are."""
        ...

    def scout(self, known: Descriptor) -> None:
        """Finds out which of its hosts may be asked for blobs, by a manifest of the image."""
        ...
