"""The documents of archives: those of an OCI layout, and the Docker archive's.

Sources: moby, image/tarexport; OCI image specification, image-layout.md. Which engine reads what: docs/engines.md.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from dget.model import Contents, Descriptor, Digest, Image
from dget.model.media_type import OCI_INDEX

OCI_LAYOUT = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
NAME_ANNOTATION = "io.containerd.image.name"
REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name"


def blob_name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def documents(contents: Contents) -> dict[Digest, bytes]:
    """Manifests and indexes, each once: an index's after what it lists."""
    found = {image.manifest.descriptor.digest: image.manifest.raw for image in contents.images}
    for image in contents.images:
        found |= {index.descriptor.digest: index.raw for index in reversed(image.indexes)}
    for images in contents.by_name.values():
        if nested := _nested_index(images):
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
            if (name := annotations.get(NAME_ANNOTATION)) in tagged:
                annotations[REF_NAME_ANNOTATION] = name.rpartition(":")[2]
    return msgspec.json.encode({"schemaVersion": 2, "manifests": entries})


def index_entries(contents: Contents) -> list[dict[str, Any]]:
    """One a name, and one for each image that has none. No `platform`: with it, `ctr` skips a foreign architecture."""
    named = [
        {**_entry(_root(images)), "annotations": {NAME_ANNOTATION: name, REF_NAME_ANNOTATION: name}}
        for name, images in contents.by_name.items()
    ]
    return named + [_entry(image.manifest.descriptor) for image in contents.images if not image.names]


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


def _root(images: Sequence[Image]) -> Descriptor:
    """What a name stands for: the registry's index where it is kept, one manifest, or an index of several."""
    if _kept_together(images):
        return images[0].indexes[0].descriptor
    if nested := _nested_index(images):
        return Descriptor(media_type=OCI_INDEX, digest=Digest.of(nested), size=len(nested))
    return images[0].manifest.descriptor


def _nested_index(images: Sequence[Image]) -> bytes | None:
    """The index of one name's platforms. Two flat entries of one name would break `ctr` and Docker."""
    if len(images) == 1 or _kept_together(images):
        return None
    manifests = [_listed_entry(image) for image in images]
    return msgspec.json.encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})


def _kept_together(images: Sequence[Image]) -> bool:
    roots = {image.indexes[0].descriptor.digest if image.indexes else None for image in images}
    return len(roots) == 1 and None not in roots


def _listed_entry(image: Image) -> dict[str, Any]:
    entry = _entry(image.manifest.descriptor)
    if image.platform is not None:
        entry["platform"] = image.platform
    if annotations := image.manifest.descriptor.annotations:
        entry["annotations"] = annotations
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
