"""The sample image: "hello" for many platforms, made anew in memory from the package's data."""

import gzip
import io
import json
import tarfile
from importlib.resources import files

from dget.model import Digest, Platform
from dget.model.media_type import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST
from dget.serve.content import MemoryContent

REPOSITORY = "library/hello"
TAGS = ("1.0", "latest")
PLATFORMS = tuple(
    map(
        Platform.parse,
        ("amd64", "arm64", "arm/v7", "386", "ppc64le", "riscv64", "loong64", "s390x"),
    )
)
_CREATED = "2024-01-01T00:00:00Z"
_NOTICE = b"A sample image of dget. It prints one line.\n"


def sample_content() -> MemoryContent:
    """A registry's content: `library/hello`, tags `1.0` and `latest`, an index of PLATFORMS."""
    content = MemoryContent()
    manifests = [_add_build(content, platform) for platform in PLATFORMS]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    content.add_manifest(REPOSITORY, _json(index), OCI_INDEX, *TAGS)
    return content


def _add_build(content: MemoryContent, platform: Platform) -> dict[str, object]:
    """The index's entry of one platform."""
    name = "-".join(part for part in (platform.architecture, platform.variant) if part)
    program = files(__package__).joinpath(f"hello-{name}").read_bytes()
    layers = [_layer("NOTICE", _NOTICE, 0o644), _layer("hello", program, 0o755)]
    config = _json(
        {
            "created": _CREATED,
            "architecture": platform.architecture,
            "os": platform.os,
            **({"variant": platform.variant} if platform.variant else {}),
            "config": {"Entrypoint": ["/hello"], "Labels": {"org.opencontainers.image.title": "hello"}},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(layer)) for layer in layers]},
            "history": [
                {"created": _CREATED, "created_by": "COPY NOTICE /"},
                {"created": _CREATED, "created_by": "COPY hello /"},
                {"created": _CREATED, "created_by": 'ENTRYPOINT ["/hello"]', "empty_layer": True},
            ],
        }
    )
    blobs = [_gzip(layer) for layer in layers]
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(content, config, OCI_CONFIG),
            "layers": [_descriptor(content, blob, OCI_LAYER_GZIP) for blob in blobs],
        }
    )
    digest = content.add_manifest(REPOSITORY, manifest, OCI_MANIFEST)
    built_for = {"architecture": platform.architecture, "os": platform.os}
    if platform.variant:
        built_for["variant"] = platform.variant
    return {"mediaType": OCI_MANIFEST, "digest": str(digest), "size": len(manifest), "platform": built_for}


def _descriptor(content: MemoryContent, data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(content.add_blob(data)), "size": len(data)}


def _layer(name: str, data: bytes, mode: int) -> bytes:
    """A tar of one file, with nothing in it that changes from build to build."""
    packed = io.BytesIO()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), mode
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def _gzip(data: bytes) -> bytes:
    """With a header that is the same everywhere: that of `gzip.compress` names the system on some Pythons."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(data)
    return packed.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
