"""What an archive is to hold: images, their names and their blobs."""

from dataclasses import dataclass

from dget.model.descriptor import Descriptor
from dget.model.document import Document
from dget.model.manifest import Manifest
from dget.model.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One platform's image. names: fully qualified, e.g. `docker.io/library/alpine:3.20`."""

    names: tuple[str, ...]
    platform: Platform
    manifest: Document[Manifest]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config first, then the layers from the base up."""
        return (self.manifest.value.config, *self.manifest.value.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    images: tuple[Image, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Every blob once, in the order of first use."""
        return tuple({blob.digest: blob for image in self.images for blob in image.blobs}.values())
