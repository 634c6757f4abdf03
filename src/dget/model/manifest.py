"""Manifests and indexes: the documents between a tag and its blobs."""

import msgspec

from dget.model.descriptor import Descriptor
from dget.model.digest import Digest

# Builders put attestations into an index as platforms that are none (github.com/moby/buildkit,
# docs/attestations/attestation-storage.md).
_ATTESTATION_MARK = "vnd.docker.reference.type"
_ATTESTED_MARK = "vnd.docker.reference.digest"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One platform's image. Source: OCI image specification, manifest.md."""

    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    media_type: str = ""
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None
    subject: Descriptor | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Several platforms' manifests. Source: OCI image specification, image-index.md."""

    manifests: tuple[Descriptor, ...] = ()
    media_type: str = ""
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None
    subject: Descriptor | None = None

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The entries that are images, without attestations."""
        return tuple(entry for entry in self.manifests if not is_attestation(entry))

    def attestations_of(self, image: Digest) -> tuple[Descriptor, ...]:
        """The entries that attest to one of its images."""
        return tuple(
            entry
            for entry in self.manifests
            if is_attestation(entry) and entry.annotation(_ATTESTED_MARK) == str(image)
        )


def is_attestation(entry: Descriptor) -> bool:
    if entry.annotation(_ATTESTATION_MARK):
        return True
    platform = entry.platform
    return platform is not None and platform.os == "unknown" and platform.architecture == "unknown"
