"""Where an image's documents and blobs come from: a registry, an archive, an OCI folder."""

from typing import Protocol

from dget.flow import ByteSink
from dget.model import Descriptor, Digest, Document, Index, Manifest, Reference
from dget.protocol.quota import Quota


class ImageSource(Protocol):
    """One image. Its methods raise DgetError.

    reference: what the image is called in messages and file names; names: those that it gets in an archive, fully
    qualified; quota: where somebody counts; steady: whether what is read again is the same, so that damage is final.
    """

    @property
    def reference(self) -> Reference: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def quota(self) -> Quota | None: ...
    @property
    def steady(self) -> bool: ...

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

    def small_blob(self, blob: Descriptor) -> bytes:
        """A config or the like, verified."""
        ...

    def read_blob(self, blob: Descriptor, sink: ByteSink, *, start: int = 0, stop: int | None = None) -> None:
        """Bytes start to stop-1 of a blob, or fewer; unverified."""
        ...
