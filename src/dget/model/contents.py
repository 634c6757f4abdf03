"""What an archive is to hold: images, their names and their blobs."""

from dataclasses import dataclass

from dget.model.descriptor import Descriptor
from dget.model.document import Document
from dget.model.manifest import Index, Manifest
from dget.model.media_type import IMAGE_CONFIGS
from dget.model.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One manifest: a platform's image, or an artifact that no engine runs.

    names: fully qualified, e.g. `docker.io/library/alpine:3.20`, or `…/alpine@sha256:…` for what containerd is asked by
    digest; none for what is only kept beside the others.
    platform: None where it has none. indexes: the registry's own, from the one that the name stands for down to the one
    that lists this manifest; empty where they are not to be kept.
    """

    names: tuple[str, ...]
    platform: Platform | None
    manifest: Document[Manifest]
    indexes: tuple[Document[Index], ...] = ()

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config first, then the layers from the base up."""
        return (self.manifest.value.config, *self.manifest.value.layers)

    @property
    def tagged_names(self) -> tuple[str, ...]:
        """Those that Docker's documents may hold: it refuses a name with a digest."""
        return tuple(name for name in self.names if "@" not in name)

    @property
    def runs(self) -> bool:
        """Whether engines can run it; else it is an artifact."""
        return self.manifest.value.config.media_type in IMAGE_CONFIGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Images of one name are one image's platforms."""

    images: tuple[Image, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Every blob once, in the order of first use."""
        return tuple({blob.digest: blob for image in self.images for blob in image.blobs}.values())

    @property
    def by_name(self) -> dict[str, tuple[Image, ...]]:
        """The images of each name, both in the order of first use."""
        named: dict[str, tuple[Image, ...]] = {}
        for image in self.images:
            for name in image.names:
                named[name] = (*named.get(name, ()), image)
        return named
