"""Archives of made images, written by the exporters alone: no registry, no engine of dget."""

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dget.archive import Exported, Exporter, Form, PlacedExporter, exporter_into_file
from dget.codec import crc32
from dget.flow import silent
from dget.model import Contents, Digest, Document, Index, Manifest, Platform, read_manifest
from dget.model import Image as Wanted
from tests.parts.images import Image, Kind, digest_of, layer, single
from tests.parts.images import Manifest as Root
from tests.parts.zstandard import zstd


def manifest_of(image: Image) -> Document[Manifest]:
    document = read_manifest(image.root.raw, declared=image.root.media_type)
    assert isinstance(document.value, Manifest)
    return document


def index_of(image: Image) -> Document[Index]:
    document = read_manifest(image.root.raw, declared=image.root.media_type)
    assert isinstance(document.value, Index)
    return document


def named(image: Image, *names: str, platform: str = "amd64", indexes: Sequence[Document[Index]] = ()) -> Wanted:
    """One manifest under these names. platform: empty for an artifact."""
    return Wanted(
        names=names,
        platform=Platform.parse(platform) if platform else None,
        manifest=manifest_of(image),
        indexes=tuple(indexes),
    )


def blobs_of(*images: Image) -> dict[str, bytes]:
    return {digest: blob for image in images for digest, blob in image.blobs.items()}


def small_image(kind: Kind, *texts: str, platform: str = "amd64") -> Image:
    """A layer for each text."""
    return single(kind, platform, [layer({f"etc/{text}": text.encode() * 50}) for text in texts])


def repacked(image: Image, place: int, blob: bytes) -> Image:
    """The same image with another blob as its layer `place`, whatever it unpacks to."""
    document = json.loads(image.root.raw)
    document["layers"][place] |= {"digest": digest_of(blob), "size": len(blob)}
    root = Root(json.dumps(document).encode(), image.root.media_type)
    return replace(image, root=root, blobs={**image.blobs, digest_of(blob): blob})


def export(exporter: Exporter, contents: Contents, blobs: Mapping[str, bytes]) -> Exported:
    """What the engine does, in one thread."""
    exporter.begin(contents)
    for blob in exporter.missing():
        data = blobs[str(blob.digest)]
        assert Digest.of(data) == blob.digest
        if isinstance(exporter, PlacedExporter):
            region = exporter.region(blob)
            region.write(0, [data])
            region.seal(crc32(data))
        else:
            exporter.add(blob, io.BytesIO(data))
    return exporter.finish()


def exported(target: Path, form: Form, images: Sequence[Wanted], blobs: Mapping[str, bytes]) -> Path:
    """The file, or folder, of the given form."""
    return export(exporter_into_file(form, target, silent), Contents(images=tuple(images)), blobs).path


def unpacked(path: Path) -> bytes:
    """The tar within an archive in plain, gzip or zstd form."""
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    return zstd.decompress(data) if data.startswith(b"\x28\xb5\x2f\xfd") else data
