"""The images that are pulled: the same bytes in every run, and none that compress."""

import hashlib
import json
import random
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.units import MB
from tests.parts import images as parts
from tests.parts.distribution import Distribution

TAG = "1"
# Bytes of each layer, by the image's name.
LAYERS: Mapping[str, tuple[int, ...]] = {
    "1x1": (MB,),
    "1x10": (10 * MB,),
    "1x100": (100 * MB,),
    "1x256": (256 * MB,),
    "350+25": (350 * MB, 25 * MB),
    "4x340": (340 * MB,) * 4,
    "60x1": (MB,) * 60,
    "5x1000": (1000 * MB,) * 5,
    # Small and real: its size is a guess.
    "busybox": (MB,),
}


@dataclass(frozen=True, slots=True)
class Blob:
    digest: str
    size: int

    def descriptor(self, media_type: str) -> dict[str, object]:
        return {"mediaType": media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class StoredImage:
    """repository: its name in the registry, where its tag is TAG; blobs: the config, then the layers."""

    repository: str
    blobs: tuple[Blob, ...]

    @property
    def size(self) -> int:
        return sum(blob.size for blob in self.blobs)


def make(registry: Distribution, name: str) -> StoredImage:
    """The image of that name in LAYERS, written straight into the registry's storage."""
    if name == "busybox":
        image = parts.busybox_image(parts.DOCKER, "amd64")
        registry.push(name, TAG, image)
        return StoredImage(name, tuple(Blob(digest, len(raw)) for digest, raw in image.blobs.items()))
    repository = name.replace("+", "-")
    layers = [_layer(registry, f"{name} layer {number}", size) for number, size in enumerate(LAYERS[name])]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
    }
    blobs = (_small(registry, config), *(blob for blob, _ in layers))
    described = [blob.descriptor(parts.DOCKER.layer) for blob in blobs[1:]]
    manifest = {
        "schemaVersion": 2,
        "mediaType": parts.DOCKER.manifest,
        "config": blobs[0].descriptor(parts.DOCKER.config),
        "layers": described,
    }
    _link(registry, repository, _small(registry, manifest), blobs)
    return StoredImage(repository, blobs)


def _layer(registry: Distribution, seed: str, size: int) -> tuple[Blob, str]:
    """A layer of one file of chance, and its diff ID. Chance cannot be compressed, so gzip stores it, as always."""
    registry.storage.mkdir(parents=True, exist_ok=True)
    unfinished = registry.storage / "layer"
    # Seeded, so that it is the same in every run; no secret.
    chance = random.Random(seed)
    packed, unpacked = hashlib.sha256(), hashlib.sha256()
    gzip = zlib.compressobj(0, zlib.DEFLATED, 31)
    with unfinished.open("wb") as file:

        def add(content: bytes) -> None:
            unpacked.update(content)
            write(gzip.compress(content))

        def write(content: bytes) -> None:
            packed.update(content)
            file.write(content)

        member = tarfile.TarInfo("chance")
        member.size = size
        add(member.tobuf(tarfile.USTAR_FORMAT))
        for at in range(0, size, MB):
            add(chance.randbytes(min(MB, size - at)))
        add(bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE))
        write(gzip.flush())
        blob = Blob(f"sha256:{packed.hexdigest()}", file.tell())
    target = registry.blob_path(blob.digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished.replace(target)
    return blob, f"sha256:{unpacked.hexdigest()}"


def _small(registry: Distribution, document: Mapping[str, object]) -> Blob:
    raw = json.dumps(document).encode()
    blob = Blob(parts.digest_of(raw), len(raw))
    path = registry.blob_path(blob.digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return blob


def _link(registry: Distribution, repository: str, manifest: Blob, blobs: tuple[Blob, ...]) -> None:
    """What distribution keeps of a repository: a small file that names a digest, for each blob, manifest and tag."""
    root = registry.storage / "docker/registry/v2/repositories" / repository
    entries = {root / "_layers" / _path(blob): blob for blob in blobs}
    entries[root / "_manifests/revisions" / _path(manifest)] = manifest
    entries[root / "_manifests/tags" / TAG / "current"] = manifest
    entries[root / "_manifests/tags" / TAG / "index" / _path(manifest)] = manifest
    for folder, blob in entries.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "link").write_text(blob.digest)


def _path(blob: Blob) -> Path:
    return Path(*blob.digest.split(":"))
