"""What an archive is to hold: images, their names, their blobs, and what is kept beside them."""

import msgspec

from dget.model.artifact_kind import is_image
from dget.model.descriptor import Descriptor
from dget.model.digest import Digest
from dget.model.document import Document
from dget.model.manifest import Index, Manifest
from dget.model.platform import Platform


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """One manifest: a platform's image, or an artifact that no engine runs.

    names: fully qualified, e.g. `docker.io/library/alpine:3.20`, or `…/alpine@sha256:…` for what containerd is asked by
    digest; none for what is only kept beside the others.
    platform: None where it has none. indexes: the registry's own, from the one that the name stands for down to the one
    that lists this manifest; empty where they are not to be kept. left_out: layers that stay where they are: the
    manifest names them, the archive does not hold them.
    """

    names: tuple[str, ...]
    platform: Platform | None
    manifest: Document[Manifest]
    indexes: tuple[Document[Index], ...] = ()
    left_out: frozenset[Digest] = frozenset()

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Those that the archive holds: config first, then the layers from the base up."""
        every = (self.manifest.value.config, *self.manifest.value.layers)
        return tuple(blob for blob in every if blob.digest not in self.left_out)

    @property
    def tagged_names(self) -> tuple[str, ...]:
        """Those that Docker's documents may hold: it refuses a name with a digest."""
        return tuple(name for name in self.names if "@" not in name)

    @property
    def runs(self) -> bool:
        """Whether engines can run it; else it is an artifact."""
        return is_image(self.manifest.value)


class Companion(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept beside an image: a signature, an SBOM, an attestation.

    subject: the manifest or index that it is about. documents: its manifest; or its index, then what that lists.
    name: where its registry has it under a tag, fully qualified. attests: the entry by which a builder's index lists it.
    """

    subject: Digest
    documents: tuple[Document[Manifest] | Document[Index], ...]
    name: str | None = None
    attests: Descriptor | None = None

    @property
    def root(self) -> Document[Manifest] | Document[Index]:
        return self.documents[0]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        manifests = [document.value for document in self.documents if isinstance(document.value, Manifest)]
        return tuple(blob for manifest in manifests for blob in (manifest.config, *manifest.layers))


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Images of one name are one image's platforms."""

    images: tuple[Image, ...]
    companions: tuple[Companion, ...] = ()

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Every blob once, in the order of first use."""
        found = [blob for image in self.images for blob in image.blobs]
        found += [blob for companion in self.companions for blob in companion.blobs]
        return tuple({blob.digest: blob for blob in found}.values())

    @property
    def by_name(self) -> dict[str, tuple[Image, ...]]:
        """The images of each name, both in the order of first use."""
        named: dict[str, tuple[Image, ...]] = {}
        for image in self.images:
            for name in image.names:
                named[name] = (*named.get(name, ()), image)
        return named
