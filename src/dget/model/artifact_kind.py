"""What a manifest stands for, in words for people.

Sources: OCI image specification, manifest.md, "Guidelines for Artifact Usage"; the types are those that their tools push.
"""

from dget.model import media_type as kinds
from dget.model.manifest import Manifest

# By what the artifact's type, its config's or a layer's begins with.
_KNOWN = (
    ("application/vnd.docker.plugin.", "a Docker plugin"),
    ("application/vnd.cncf.helm.", "a Helm chart"),
    ("application/vnd.wasm.", "a WebAssembly module"),
    ("application/vnd.module.wasm.", "a WebAssembly module"),
    ("application/wasm", "a WebAssembly module"),
    ("application/spdx", "an SBOM"),
    ("text/spdx", "an SBOM"),
    ("application/vnd.cyclonedx", "an SBOM"),
    ("application/vnd.syft", "an SBOM"),
    ("application/vnd.in-toto", "an attestation"),
    ("application/vnd.dsse.envelope", "an attestation"),
    ("application/vnd.dev.cosign.simplesigning", "a cosign signature"),
    ("application/vnd.dev.cosign.artifact.sig", "a cosign signature"),
    ("application/vnd.dev.sigstore.bundle", "a Sigstore bundle"),
    ("application/vnd.cncf.notary.signature", "a Notary signature"),
)


def is_image(manifest: Manifest) -> bool:
    """Whether engines can run it: an image's config, and file system layers alone."""
    # An attestation and a cosign signature have an image's config, and layers that are none.
    return manifest.config.media_type in kinds.IMAGE_CONFIGS and all(
        kinds.is_layer(layer.media_type) for layer in manifest.layers
    )


def artifact_type(manifest: Manifest) -> str:
    """As registries tell it among referrers: the config's where the manifest names none."""
    return manifest.artifact_type or manifest.config.media_type


def describe(manifest: Manifest) -> str:
    """`a Helm chart`, `an artifact (application/vnd.example)`."""
    types = [artifact_type(manifest), manifest.config.media_type, *(layer.media_type for layer in manifest.layers)]
    for media_type in types:
        for start, words in _KNOWN:
            if media_type.lower().startswith(start):
                return words
    odd = next((layer.media_type for layer in manifest.layers if not kinds.is_layer(layer.media_type)), "")
    named = odd if artifact_type(manifest) in kinds.IMAGE_CONFIGS else artifact_type(manifest)
    return f"an artifact ({named})"
