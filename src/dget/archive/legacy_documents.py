"""The documents of the classic Docker archive: a folder a layer, linked to the one below it by `parent`.

Sources: moby, image/spec/v1.md and v1.2.md; image/tarexport/save.go.
"""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from dget.errors import Unsupported
from dget.model import Contents, Descriptor, Digest, Document, Image, ImageConfig

VERSION = b"1.0"
_NO_TIME = "1970-01-01T00:00:00Z"


class LayerFolder(msgspec.Struct, frozen=True, kw_only=True):
    """id: its name; layer: what its `layer.tar` holds, unpacked; json: its document."""

    id: str
    layer: Descriptor
    diff_id: Digest
    json: bytes

    @property
    def tar_name(self) -> str:
        return f"{self.id}/layer.tar"


def layer_folders(image: Image, config: Document[ImageConfig]) -> Sequence[LayerFolder]:
    """From the base up. Equal chains of layers give equal folders, so that images share them, but for the topmost,
    whose document holds the image's config.
    """
    folders: list[LayerFolder] = []
    layers = image.manifest.value.layers
    chain = parent = ""
    for place, (layer, diff_id) in enumerate(zip(layers, config.value.diff_ids, strict=True)):
        # OCI image specification, config.md, "Layer ChainID".
        chain = _sha256(f"sha256:{chain} {diff_id}") if chain else diff_id.hex
        top = place == len(layers) - 1
        name = _sha256(f"{chain} {config.descriptor.digest}") if top else chain
        about = _top_document(config) if top else {"created": _NO_TIME, "os": config.value.os}
        document = {"id": name, **({"parent": parent} if parent else {}), **about}
        folders.append(LayerFolder(id=name, layer=layer, diff_id=diff_id, json=msgspec.json.encode(document)))
        parent = name
    return folders


def config_name(config: Digest) -> str:
    return f"{config.hex}.json"


def manifest_json(contents: Contents, tar_names: Mapping[Digest, str]) -> bytes:
    """tar_names: where each layer lies."""
    entries = [
        {
            "Config": config_name(image.manifest.value.config.digest),
            "RepoTags": list(image.tagged_names),
            "Layers": [tar_names[layer.digest] for layer in image.manifest.value.layers],
        }
        for image in contents.images
    ]
    return msgspec.json.encode(entries)


def repositories(contents: Contents, tops: Sequence[str | None]) -> bytes:
    """Names by repository and tag, as tools older than manifest.json look them up. tops: the images' topmost folders."""
    found: dict[str, dict[str, str]] = {}
    for image, top in zip(contents.images, tops, strict=True):
        for name in image.tagged_names if top else ():
            repository, _, tag = name.rpartition(":")
            found.setdefault(repository, {})[tag] = top or ""
    return msgspec.json.encode(found)


def _top_document(config: Document[ImageConfig]) -> dict[str, msgspec.Raw]:
    """What of the config belongs there, as it was written: a number may be larger than what is read here. Raises Unsupported."""
    try:
        document = msgspec.json.decode(config.raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unsupported(f"the config {config.descriptor.digest} cannot be read: {error}") from error
    return {key: value for key, value in document.items() if key not in ("id", "parent", "rootfs", "history")}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
