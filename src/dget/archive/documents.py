"""The documents of archives: those of an OCI layout, and the Docker archive's.

Sources: moby, image/tarexport; OCI image specification, image-layout.md. Which engine reads what: docs/engines.md.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from dget.model import Companion, Contents, Descriptor, Digest, Image, Manifest, Platform
from dget.model.artifact_kind import artifact_type
from dget.model.media_type import INDEXES, OCI_INDEX

OCI_LAYOUT = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
NAME_ANNOTATION = "io.containerd.image.name"
REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name"
_COSIGN_IMAGE = "dev.cosignproject.cosign/image"
_COSIGN_INDEX = "dev.cosignproject.cosign/imageIndex"
_COSIGN_KINDS = {".sig": "dev.cosignproject.cosign/sigs", ".att": "dev.cosignproject.cosign/atts"}


def blob_name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def documents(contents: Contents) -> dict[Digest, bytes]:
    """Manifests and indexes, each once: an index's after what it lists."""
    found = {image.manifest.descriptor.digest: image.manifest.raw for image in contents.images}
    for companion in contents.companions:
        found |= {document.descriptor.digest: document.raw for document in reversed(companion.documents)}
    for image in contents.images:
        found |= {index.descriptor.digest: index.raw for index in reversed(image.indexes)}
    for images in contents.by_name.values():
        if nested := _nested_index(contents, images):
            found[Digest.of(nested)] = nested
    return found


def index_json(contents: Contents) -> bytes:
    """An archive's, with the one image's tag as its ref.name: what one writes after `oci-archive:FILE:`.

    skopeo takes the first entry that matches: among several images only full names are distinct.
    """
    entries = index_entries(contents)
    tagged = {name for image in contents.images for name in image.tagged_names}
    if len(tagged) == 1:
        for annotations in (entry.get("annotations", {}) for entry in entries):
            name = annotations.get(REF_NAME_ANNOTATION, "@")
            if "@" not in name:
                annotations[REF_NAME_ANNOTATION] = name.rpartition(":")[2]
    return msgspec.json.encode({"schemaVersion": 2, "manifests": entries})


def index_entries(contents: Contents) -> list[dict[str, Any]]:
    """One a name, and one for each image and companion that has none. No `platform`: with it, `ctr` skips a foreign
    architecture.
    """
    named = [_named_entry(contents, name, images) for name, images in contents.by_name.items()]
    nameless = [_entry(image.manifest.descriptor) for image in contents.images if not image.names]
    return named + nameless + [_beside(companion) for companion in contents.companions if not companion.attests]


def manifest_json(contents: Contents) -> bytes:
    """What `docker load` reads in its classic store."""
    entries = [
        {
            "Config": blob_name(image.manifest.value.config.digest),
            "RepoTags": list(image.tagged_names),
            "Layers": [blob_name(layer.digest) for layer in image.manifest.value.layers],
        }
        for image in contents.images
    ]
    return msgspec.json.encode(entries)


def _named_entry(contents: Contents, name: str, images: Sequence[Image]) -> dict[str, Any]:
    root = _root(contents, images)
    annotations = {NAME_ANNOTATION: name, REF_NAME_ANNOTATION: name}
    if any(_cosign_kind(companion) for companion in contents.companions):
        annotations["kind"] = _COSIGN_INDEX if root.media_type in INDEXES else _COSIGN_IMAGE
    return {**_entry(root), "annotations": annotations}


def _beside(companion: Companion) -> dict[str, Any]:
    """An entry of its own, in which oras finds what names its subject, and cosign and skopeo what has a tag."""
    root = companion.root
    entry = _entry(root.descriptor)
    if isinstance(root.value, Manifest) and root.value.subject:
        entry["artifactType"] = artifact_type(root.value)
    if companion.name:
        kind = {"kind": found} if (found := _cosign_kind(companion)) else {}
        entry["annotations"] = {REF_NAME_ANNOTATION: companion.name, **kind}
    return entry


def _cosign_kind(companion: Companion) -> str | None:
    """Source: sigstore/cosign, pkg/oci/layout: what `cosign load` and `cosign verify --local-image` look for."""
    return next((kind for end, kind in _COSIGN_KINDS.items() if (companion.name or "").endswith(end)), None)


def _root(contents: Contents, images: Sequence[Image]) -> Descriptor:
    """What a name stands for: the registry's index where it is kept, one manifest, or an index of several."""
    if _kept_together(images):
        return images[0].indexes[0].descriptor
    if nested := _nested_index(contents, images):
        return Descriptor(media_type=OCI_INDEX, digest=Digest.of(nested), size=len(nested))
    return images[0].manifest.descriptor


def _nested_index(contents: Contents, images: Sequence[Image]) -> bytes | None:
    """The index of one name's platforms, and of their attestations. Two flat entries of one name would break `ctr` and
    Docker.
    """
    digests = {image.manifest.descriptor.digest for image in images}
    attestations = [one.attests for one in contents.companions if one.attests and one.subject in digests]
    if (len(images) == 1 and not attestations) or _kept_together(images):
        return None
    manifests = [_listed_entry(image.manifest.descriptor, image.platform) for image in images]
    manifests += [_listed_entry(entry, entry.platform) for entry in attestations]
    return msgspec.json.encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})


def _kept_together(images: Sequence[Image]) -> bool:
    roots = {image.indexes[0].descriptor.digest if image.indexes else None for image in images}
    return len(roots) == 1 and None not in roots


def _listed_entry(descriptor: Descriptor, platform: Platform | None) -> dict[str, Any]:
    entry = _entry(descriptor)
    if platform is not None:
        entry["platform"] = platform
    if descriptor.annotations:
        entry["annotations"] = descriptor.annotations
    return entry


def _entry(descriptor: Descriptor) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
    }
    if descriptor.artifact_type:
        entry["artifactType"] = descriptor.artifact_type
    return entry
