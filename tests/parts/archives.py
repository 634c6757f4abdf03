"""Archives of made images, as other programs write them, and with what may be wrong in them."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.parts.images import Image, digest_of


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link, or a hard one."""

    target: str
    hard: bool = False


Members: TypeAlias = dict[str, bytes | Link]


def tar_of(members: Mapping[str, bytes | Link] | Sequence[tuple[str, bytes | Link]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            member = tarfile.TarInfo(name)
            if isinstance(content, Link):
                member.type = tarfile.LNKTYPE if content.hard else tarfile.SYMTYPE
                member.linkname = content.target
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def layout(images: Sequence[tuple[str | None, Image]], *, platforms: Sequence[str] = ()) -> Members:
    """An OCI image layout. Each image's name: a full one for containerd's annotation, a tag alone, or none.

    platforms: architectures that the entries tell.
    """
    members: Members = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    entries = []
    for place, (name, image) in enumerate(images):
        members |= _blobs(image)
        entry: dict[str, Any] = {
            "mediaType": image.root.media_type,
            "digest": image.root.digest,
            "size": len(image.root.raw),
        }
        if name:
            full = {"io.containerd.image.name": name} if "/" in name else {}
            tag = name.rpartition(":")[2] if len(images) == 1 else name
            entry["annotations"] = {**full, "org.opencontainers.image.ref.name": tag}
        if platforms:
            entry["platform"] = {"os": "linux", "architecture": platforms[place]}
        entries.append(entry)
    members["index.json"] = _json({"schemaVersion": 2, "manifests": entries})
    return members


def combined(images: Sequence[tuple[str, Image]]) -> Members:
    """An OCI image layout that is a Docker archive too, as dget writes it."""
    members = layout(images)
    entries = []
    for name, image in images:
        manifest = json.loads(image.root.raw)
        entries.append(
            {
                "Config": _place(manifest["config"]["digest"]),
                "RepoTags": [name],
                "Layers": [_place(layer["digest"]) for layer in manifest["layers"]],
            }
        )
    return members | {"manifest.json": _json(entries)}


def classic(images: Sequence[tuple[str | None, Image]], *, packed: bool = False) -> Members:
    """As `docker save` wrote it before 25: plain layer tars, `<hex>/layer.tar`. packed: gzip layers instead."""
    members: Members = {}
    entries = []
    for name, image in images:
        config = config_of(image)
        layers = []
        for digest in layers_of(image):
            blob = image.blobs[digest]
            content = blob if packed else gzip.decompress(blob)
            place = f"{digest[7:]}/layer.tar"
            members[place] = content
            layers.append(place)
        members[f"{config[7:]}.json"] = image.blobs[config]
        entries.append({"Config": f"{config[7:]}.json", "RepoTags": [name] if name else None, "Layers": layers})
    return members | {"manifest.json": _json(entries)}


def config_of(image: Image) -> str:
    digest: str = json.loads(image.root.raw)["config"]["digest"]
    return digest


def layers_of(image: Image) -> list[str]:
    return [layer["digest"] for layer in json.loads(image.root.raw)["layers"]]


def changed_json(members: Members, name: str, change: Any) -> Members:
    """With another document: `change` is given the old one, and changes it in place or returns a new one."""
    raw = members[name]
    assert isinstance(raw, bytes)
    value = json.loads(raw)
    return members | {name: _json(change(value) or value)}


def _blobs(image: Image) -> Members:
    manifests = {digest_of(one.raw): one.raw for one in (*image.children, image.root)}
    return {_place(digest): raw for digest, raw in {**manifests, **image.blobs}.items()}


def _place(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
