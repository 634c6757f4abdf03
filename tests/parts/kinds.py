"""What registries hold besides plain images: artifacts, plugins, foreign layers, attestations, signatures."""

import gzip
import json
from collections.abc import Mapping, Sequence

from dget.model import Platform
from dget.model import media_type as kinds
from tests.parts.images import COMMAND, OCI, Image, Kind, Manifest, digest_of, layer, single
from tests.parts.zstandard import zstd

EMPTY = "application/vnd.oci.empty.v1+json"
SBOM = "application/spdx+json"
SIGNATURE = "application/vnd.cncf.notary.signature"
_PACKED = {
    "tar": ("", lambda tar: tar),
    "gzip": ("+gzip", lambda tar: gzip.compress(tar, mtime=0)),
    "zstd": ("+zstd", zstd.compress),
}
_DOCKER_SUFFIX = {"+gzip": ".gzip", "+zstd": ".zstd", "": ""}


def packed(
    kind: Kind, platform: str, layers: Sequence[tuple[str, bytes]], command: Sequence[str] = tuple(COMMAND)
) -> Image:
    """An image whose layers are packed as `tar`, `gzip` or `zstd`."""
    plain = single(kind, platform, [tar for _, tar in layers], command)
    document = json.loads(plain.root.raw)
    config = plain.blobs[document["config"]["digest"]]
    blobs = {digest_of(config): config}
    for entry, (packing, tar) in zip(document["layers"], layers, strict=True):
        suffix, pack = _PACKED[packing]
        blob = pack(tar)
        oci = f"application/vnd.oci.image.layer.v1.tar{suffix}"
        docker = f"application/vnd.docker.image.rootfs.diff.tar{_DOCKER_SUFFIX[suffix]}"
        entry.update(_descriptor(blob, oci if kind is OCI else docker))
        blobs[digest_of(blob)] = blob
    return Image(Manifest(_json(document), kind.manifest), (), blobs)


def artifact(
    artifact_type: str,
    files: Mapping[str, bytes],
    *,
    subject: Manifest | None = None,
    config: tuple[str, bytes] = (EMPTY, b"{}"),
    layer_type: str = "application/octet-stream",
) -> Image:
    """As oras pushes files: each a layer with its name as title. config: media type and bytes."""
    media_type, data = config
    layers = [
        {**_descriptor(content, layer_type), "annotations": {"org.opencontainers.image.title": name}}
        for name, content in files.items()
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": kinds.OCI_MANIFEST,
        **({"artifactType": artifact_type} if artifact_type else {}),
        "config": _descriptor(data, media_type),
        "layers": layers,
        **({"subject": _descriptor(subject.raw, subject.media_type)} if subject else {}),
    }
    blobs = {digest_of(blob): blob for blob in (data, *files.values())}
    return Image(Manifest(_json(document), kinds.OCI_MANIFEST), (), blobs)


def wasm_module() -> Image:
    config = _json({"architecture": "wasm", "os": "wasip1", "layerDigests": []})
    return artifact(
        "",
        {"module.wasm": b"\0asm\1\0\0\0"},
        config=("application/vnd.wasm.config.v0+json", config),
        layer_type="application/wasm",
    )


def plugin() -> Image:
    """A Docker plugin: one layer of Docker's kind, and a config of its own."""
    config = _json({"description": "a plugin", "rootfs": {"type": "layers", "diff_ids": []}})
    return artifact(
        "",
        {"rootfs": gzip.compress(layer({"bin/plugin": b"x"}), mtime=0)},
        config=(kinds.DOCKER_PLUGIN_CONFIG, config),
        layer_type=kinds.DOCKER_LAYER_GZIP,
    )


def signature(subject: Manifest) -> Image:
    """What cosign keeps under `sha256-….sig`: an image's config, and a layer that is none."""
    payload = _json({"critical": {"image": {"docker-manifest-digest": subject.digest}}})
    config = _json({"architecture": "", "os": "", "rootfs": {"type": "layers", "diff_ids": [digest_of(payload)]}})
    return artifact(
        "",
        {"payload": payload},
        config=(kinds.OCI_CONFIG, config),
        layer_type="application/vnd.dev.cosign.simplesigning.v1+json",
    )


def statement(text: str) -> Image:
    """A builder's attestation: an in-toto statement."""
    config = _json({"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}})
    return artifact(
        "", {"statement": text.encode()}, config=(kinds.OCI_CONFIG, config), layer_type="application/vnd.in-toto+json"
    )


def attested(builds: Mapping[str, Image]) -> Image:
    """An index with an attestation for each build, as BuildKit writes it."""
    entries: list[dict[str, object]] = []
    children: list[Manifest] = []
    blobs: dict[str, bytes] = {}
    for platform, image in builds.items():
        about = Platform.parse(platform)
        told = {
            "architecture": about.architecture,
            "os": about.os,
            **({"variant": about.variant} if about.variant else {}),
        }
        entries.append({**_entry(image.root), "platform": told})
        children.append(image.root)
        blobs |= image.blobs
    for platform, image in builds.items():
        words = statement(platform)
        entries.append(
            {
                **_entry(words.root),
                "platform": {"architecture": "unknown", "os": "unknown"},
                "annotations": {
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": image.root.digest,
                },
            }
        )
        children.append(words.root)
        blobs |= words.blobs
    return Image(index_of(entries), tuple(children), blobs)


def index_of(entries: Sequence[Mapping[str, object]]) -> Manifest:
    return Manifest(
        _json({"schemaVersion": 2, "mediaType": kinds.OCI_INDEX, "manifests": list(entries)}), kinds.OCI_INDEX
    )


def nested(*indexes: Image) -> Image:
    """An index that lists indexes."""
    children = [child for one in indexes for child in (*one.children, one.root)]
    blobs = {digest: blob for one in indexes for digest, blob in one.blobs.items()}
    return Image(index_of([_entry(one.root) for one in indexes]), tuple(children), blobs)


def collection(*artifacts: Image) -> Image:
    """An index of artifacts: without platforms."""
    entries = [{**_entry(one.root), "artifactType": json.loads(one.root.raw).get("artifactType")} for one in artifacts]
    blobs = {digest: blob for one in artifacts for digest, blob in one.blobs.items()}
    return Image(index_of(entries), tuple(one.root for one in artifacts), blobs)


def with_foreign_base(urls: Sequence[str], base: bytes, top: bytes) -> tuple[Image, str]:
    """A Windows image whose base layer is to be fetched from its publisher; the base layer's digest.

    The image's blobs are without it.
    """
    whole = single(OCI, "windows/amd64", [base, top])
    document = json.loads(whole.root.raw)
    foreign = document["layers"][0]
    foreign |= {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "urls": list(urls)}
    blobs = {digest: blob for digest, blob in whole.blobs.items() if digest != foreign["digest"]}
    return Image(Manifest(_json(document), kinds.OCI_MANIFEST), (), blobs), foreign["digest"]


def _entry(manifest: Manifest) -> dict[str, object]:
    return _descriptor(manifest.raw, manifest.media_type)


def _descriptor(data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
