"""Archives, good and broken, that every consumer is given. Each case's layers are its own: engines keep layers."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from backports import zstd

from tests.parts.archives import Link, Members, changed_json, classic, combined, config_of, layers_of, layout, tar_of
from tests.parts.images import DOCKER, OCI, Image, Kind, digest_of, index, layer, single

NAME = "docker.io/library/app:1"
OTHER = "docker.io/library/other:2"
# A case's images are told apart by its name.
Case: TypeAlias = Callable[[str], bytes]


def built(text: str, platform: str = "amd64", kind: Kind = OCI) -> Image:
    """Two layers: `base` holds the platform, `top` the text."""
    return single(kind, platform, [layer({"base": f"{platform} {text}".encode()}), layer({"top": text.encode()})])


def both(text: str) -> Image:
    return index(OCI, {platform: built(text, platform) for platform in ("amd64", "arm64")})


def place(digest: str) -> str:
    return f"blobs/sha256/{digest[7:]}"


def without(members: Members, *names: str) -> Members:
    return {name: content for name, content in members.items() if name not in names}


def good(text: str) -> Members:
    return combined([(NAME, built(text))])


def pinned(text: str) -> Members:
    """Named by its digest besides, as what was asked for by digest."""
    image = built(text)
    name = f"docker.io/library/app@{image.root.digest}"

    def add_entry(index: dict[str, Any]) -> None:
        annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
        index["manifests"].append({**index["manifests"][0], "annotations": annotations})

    return changed_json(combined([(NAME, image)]), "index.json", add_entry)


def replaced_layer(image: Image, members: Members, content: bytes) -> Members:
    return {**members, place(layers_of(image)[1]): content}


def top(image: Image) -> bytes:
    return gzip.decompress(image.blobs[layers_of(image)[1]])


def with_config(image: Image, change: Callable[[dict[str, Any]], object]) -> Image:
    """The same image with another config, to which every digest was adapted."""
    old = config_of(image)
    config = json.loads(image.blobs[old])
    change(config)
    raw = json.dumps(config).encode()
    manifest = json.loads(image.root.raw)
    manifest["config"] |= {"digest": digest_of(raw), "size": len(raw)}
    root = type(image.root)(json.dumps(manifest).encode(), image.root.media_type)
    blobs = {digest: blob for digest, blob in image.blobs.items() if digest != old}
    return Image(root, (), {**blobs, digest_of(raw): raw})


def zstd_layers(image: Image) -> Image:
    manifest = json.loads(image.root.raw)
    blobs = dict(image.blobs)
    for entry in manifest["layers"]:
        packed = zstd.compress(gzip.decompress(blobs.pop(entry["digest"])))
        entry |= {"digest": digest_of(packed), "size": len(packed), "mediaType": OCI.layer.replace("gzip", "zstd")}
        blobs[entry["digest"]] = packed
    return Image(type(image.root)(json.dumps(manifest).encode(), image.root.media_type), (), blobs)


def wrong_diff_id(image: Image) -> Image:
    def change(config):
        config["rootfs"]["diff_ids"][1] = digest_of(b"something else")

    return with_config(image, change)


def too_few_diff_ids(image: Image) -> Image:
    return with_config(image, lambda config: config["rootfs"]["diff_ids"].pop())


def linked(text: str, *, hard: bool) -> Members:
    image = built(text)
    members = classic([("app:1", image)])
    name = f"{layers_of(image)[1][7:]}/layer.tar"
    content = members[name]
    link = Link("elsewhere/layer.tar" if hard else "../elsewhere/layer.tar", hard)
    return {"elsewhere/layer.tar": content, **without(members, name, "manifest.json"), name: link} | {
        "manifest.json": members["manifest.json"]
    }


def end_of(members: Members, last: str) -> bytes:
    """The tar as if it had been cut right after the member `last`."""
    names = list(members)
    kept = {name: members[name] for name in names[: names.index(last) + 1]}
    packed = tar_of(kept)
    return packed[: len(packed.rstrip(b"\0")) // 512 * 512 + 512]


CASES: Mapping[str, Case] = {
    # Good ones.
    "combined.tar": lambda text: tar_of(good(text)),
    "combined.tar.gz": lambda text: gzip.compress(tar_of(good(text))),
    "combined.tar.bz2": lambda text: bz2.compress(tar_of(good(text))),
    "combined.tar.xz": lambda text: lzma.compress(tar_of(good(text))),
    "combined.tar.zst": lambda text: zstd.compress(tar_of(good(text))),
    "docker-types.tar": lambda text: tar_of(combined([(NAME, built(text, kind=DOCKER))])),
    "oci-full-name.tar": lambda text: tar_of(layout([(NAME, built(text))])),
    "oci-full-name.tar.gz": lambda text: gzip.compress(tar_of(layout([(NAME, built(text))]))),
    "oci-tag.tar": lambda text: tar_of(layout([("v1", built(text))])),
    "oci-no-name.tar": lambda text: tar_of(layout([(None, built(text))])),
    "oci-index.tar": lambda text: tar_of(layout([(NAME, both(text))])),
    "oci-index-of-one.tar": lambda text: tar_of(
        without(layout([(NAME, both(text))]), place(built(text, "arm64").root.digest))
    ),
    "oci-two.tar": lambda text: tar_of(layout([(NAME, built(text)), (OTHER, built(text + "2"))])),
    "two.tar": lambda text: tar_of(combined([(NAME, built(text)), (OTHER, built(text + "2"))])),
    "two-names.tar": lambda text: tar_of(combined([(NAME, built(text)), (OTHER, built(text))])),
    "classic.tar": lambda text: tar_of(classic([("app:1", built(text))])),
    "classic.tar.gz": lambda text: gzip.compress(tar_of(classic([("app:1", built(text))]))),
    "classic-packed.tar": lambda text: tar_of(classic([("app:1", built(text))], packed=True)),
    "classic-no-name.tar": lambda text: tar_of(classic([(None, built(text))])),
    "classic-symlink.tar": lambda text: tar_of(linked(text, hard=False)),
    "classic-hard-link.tar": lambda text: tar_of(linked(text, hard=True)),
    "classic-two.tar": lambda text: tar_of(classic([("app:1", built(text)), ("other:2", built(text + "2"))])),
    "foreign.tar": lambda text: tar_of(combined([(NAME, built(text, "arm64"))])),
    "foreign-said.tar": lambda text: tar_of(layout([(NAME, built(text, "arm64"))], platforms=["arm64"])),
    "zstd-layers.tar": lambda text: tar_of(combined([(NAME, zstd_layers(built(text)))])),
    "dots.tar": lambda text: tar_of({f"./{name}": content for name, content in good(text).items()}),
    # Broken ones.
    "cut.tar": lambda text: tar_of(good(text))[:4000],
    "cut.tar.gz": lambda text: gzip.compress(tar_of(good(text)))[:-300],
    "cut-before-index.tar": lambda text: end_of(good(text), list(good(text))[-3]),
    "cut-before-manifest.tar": lambda text: end_of(good(text), "index.json"),
    "garbage-layer.tar": lambda text: tar_of(replaced_layer(built(text), good(text), b"no tar at all" * 50)),
    "repacked-layer.tar": lambda text: tar_of(
        replaced_layer(built(text), good(text), gzip.compress(top(built(text)), 1, mtime=9))
    ),
    "other-layer.tar": lambda text: tar_of(
        replaced_layer(built(text), good(text), gzip.compress(layer({"evil": b"other"}), mtime=0))
    ),
    "no-layer.tar": lambda text: tar_of(without(good(text), place(layers_of(built(text))[1]))),
    "no-config.tar": lambda text: tar_of(without(good(text), place(config_of(built(text))))),
    "no-manifest-blob.tar": lambda text: tar_of(without(good(text), place(built(text).root.digest))),
    "diff-id.tar": lambda text: tar_of(combined([(NAME, wrong_diff_id(built(text)))])),
    "classic-diff-id.tar": lambda text: tar_of(classic([("app:1", wrong_diff_id(built(text)))])),
    "classic-no-layer.tar": lambda text: tar_of(
        without(classic([("app:1", built(text))]), f"{layers_of(built(text))[1][7:]}/layer.tar")
    ),
    "count.tar": lambda text: tar_of(combined([(NAME, too_few_diff_ids(built(text)))])),
    "one-tag-two-platforms.tar": lambda text: tar_of(combined([(NAME, built(text, "arm64")), (NAME, built(text))])),
    "classic-one-tag-twice.tar": lambda text: tar_of(
        classic([("app:1", built(text, "arm64")), ("app:1", built(text))])
    ),
    "second-broken.tar": lambda text: tar_of(
        without(combined([(NAME, built(text)), (OTHER, built(text + "2"))]), place(layers_of(built(text + "2"))[1]))
    ),
    "first-broken.tar": lambda text: tar_of(
        without(combined([(NAME, built(text)), (OTHER, built(text + "2"))]), place(layers_of(built(text))[1]))
    ),
    "classic-second-broken.tar": lambda text: tar_of(
        classic([("app:1", built(text)), ("other:2", wrong_diff_id(built(text + "2")))])
    ),
    "classic-first-broken.tar": lambda text: tar_of(
        classic([("app:1", wrong_diff_id(built(text))), ("other:2", built(text + "2"))])
    ),
    "oci-two-second-broken.tar": lambda text: tar_of(
        without(layout([(NAME, built(text)), (OTHER, built(text + "2"))]), place(built(text + "2").root.digest))
    ),
    "pinned.tar": lambda text: tar_of(pinned(text)),
    "pinned-oci.tar": lambda text: tar_of(without(pinned(text), "manifest.json")),
    "manifest-json.tar": lambda text: tar_of({**good(text), "manifest.json": b"[{"}),
    "index-json.tar": lambda text: tar_of({**good(text), "index.json": b"{"}),
    "layout-version.tar": lambda text: tar_of({**good(text), "oci-layout": b'{"imageLayoutVersion":"9.0.0"}'}),
    "bad-tag.tar": lambda text: tar_of(
        changed_json(
            classic([("app:1", built(text))]), "manifest.json", lambda entries: entries[0].update(RepoTags=["App:1"])
        )
    ),
    "nothing.tar": lambda text: tar_of({"readme": text.encode()}),
    "noise.tar": lambda text: text.encode() * 500,
}


def make(folder: Path) -> list[Path]:
    """All of them, in files of their names."""
    for name, case in CASES.items():
        (folder / name).write_bytes(case(name))
    return [folder / name for name in CASES]
