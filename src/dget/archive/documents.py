"""The documents of an archive that is a Docker archive and an OCI layout at once.

Sources: moby, image/tarexport; OCI image specification, image-layout.md. Which engine reads what: docs/engines.md.
"""

import msgspec

from dget.model import Contents, Digest, Image

OCI_LAYOUT = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')


def blob_name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def index_json(contents: Contents) -> tuple[str, bytes]:
    """One entry a name. No `platform`: with it, `ctr` skips a foreign architecture."""
    several = sum(len(image.names) for image in contents.images) > 1
    entries = [_index_entry(image, name, several) for image in contents.images for name in image.names]
    return "index.json", msgspec.json.encode({"schemaVersion": 2, "manifests": entries})


def manifest_json(contents: Contents) -> tuple[str, bytes]:
    """What `docker load` reads in its classic store."""
    entries = [
        {
            "Config": blob_name(image.manifest.value.config.digest),
            "RepoTags": list(image.names),
            "Layers": [blob_name(layer.digest) for layer in image.manifest.value.layers],
        }
        for image in contents.images
    ]
    return "manifest.json", msgspec.json.encode(entries)


def _index_entry(image: Image, name: str, several: bool) -> dict[str, object]:
    root = image.manifest.descriptor
    # skopeo takes the first entry that matches: among several images only full names are distinct.
    ref_name = name if several else name.rpartition(":")[2]
    return {
        "mediaType": root.media_type,
        "digest": str(root.digest),
        "size": root.size,
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": ref_name},
    }
