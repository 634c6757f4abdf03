"""Container images made here: deterministic, and real enough to run."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from platform import machine

import pytest

from dget.model import Platform
from dget.model import media_type as kinds

MESSAGE = "hello from busybox"
COMMAND = ["/bin/busybox", "echo", MESSAGE]
# Debian's names of the architectures that images are made for.
DEBIAN_NAMES = {"amd64": "amd64", "arm64": "arm64", "arm/v7": "armhf", "386": "i386"}
_DOWNLOAD_TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Kind:
    """The media types of one of the two families."""

    index: str
    manifest: str
    config: str
    layer: str


DOCKER = Kind(kinds.DOCKER_INDEX, kinds.DOCKER_MANIFEST, kinds.DOCKER_CONFIG, kinds.DOCKER_LAYER_GZIP)
OCI = Kind(kinds.OCI_INDEX, kinds.OCI_MANIFEST, kinds.OCI_CONFIG, kinds.OCI_LAYER_GZIP)


@dataclass(frozen=True, slots=True)
class Manifest:
    raw: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return digest_of(self.raw)


@dataclass(frozen=True, slots=True)
class Image:
    """root: what a tag names; children: an index's manifests; blobs: by digest."""

    root: Manifest
    children: tuple[Manifest, ...]
    blobs: Mapping[str, bytes]


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer(members: Mapping[str, bytes | str]) -> bytes:
    """A tar of executable files, and of links where a name is given instead of bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.mode = 0o755
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def single(kind: Kind, platform: str, layers: Sequence[bytes], command: Sequence[str] = tuple(COMMAND)) -> Image:
    """An image of one platform. layers: tars, the base first."""
    built_for = Platform.parse(platform)
    config = _json(
        {
            "architecture": built_for.architecture,
            "os": built_for.os,
            **({"variant": built_for.variant} if built_for.variant else {}),
            "created": "2024-01-01T00:00:00Z",
            "config": {"Cmd": list(command), "Env": ["PATH=/bin"], "Labels": {"test": "yes"}},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in layers]},
            "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "COPY"} for _ in layers],
        }
    )
    blobs = [gzip.compress(tar, 6, mtime=0) for tar in layers]
    manifest = Manifest(
        _json(
            {
                "schemaVersion": 2,
                "mediaType": kind.manifest,
                "config": _descriptor(config, kind.config),
                "layers": [_descriptor(blob, kind.layer) for blob in blobs],
            }
        ),
        kind.manifest,
    )
    return Image(manifest, (), {digest_of(blob): blob for blob in (config, *blobs)})


def index(kind: Kind, builds: Mapping[str, Image], *, attested: bool = False) -> Image:
    """An index of single images by platform; with an attestation before them, as builders write it."""
    entries = []
    for platform, image in builds.items():
        built_for = Platform.parse(platform)
        entry = {"architecture": built_for.architecture, "os": built_for.os}
        if built_for.variant:
            entry["variant"] = built_for.variant
        entries.append({**_descriptor(image.root.raw, image.root.media_type), "platform": entry})
    children = [image.root for image in builds.values()]
    blobs = {digest: blob for image in builds.values() for digest, blob in image.blobs.items()}
    if attested:
        attestation = single(kind, "linux/unknown", [layer({"statement": b"{}"})])
        children.append(attestation.root)
        blobs |= attestation.blobs
        annotations = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": children[0].digest,
        }
        unknown = {"architecture": "unknown", "os": "unknown"}
        entry_of = _descriptor(attestation.root.raw, attestation.root.media_type)
        entries.insert(0, {**entry_of, "platform": unknown, "annotations": annotations})
    root = Manifest(_json({"schemaVersion": 2, "mediaType": kind.index, "manifests": entries}), kind.index)
    return Image(root, tuple(children), blobs)


def artifact() -> Image:
    """A Helm chart: no container image."""
    config = _json({"name": "chart", "version": "1.0.0"})
    chart = gzip.compress(layer({"chart/Chart.yaml": b"name: chart\n"}), mtime=0)
    raw = _json(
        {
            "schemaVersion": 2,
            "mediaType": kinds.OCI_MANIFEST,
            "config": _descriptor(config, "application/vnd.cncf.helm.config.v1+json"),
            "layers": [_descriptor(chart, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
        }
    )
    return Image(Manifest(raw, kinds.OCI_MANIFEST), (), {digest_of(blob): blob for blob in (config, chart)})


def busybox_layers(platform: str, text: str = "one") -> list[bytes]:
    """Debian's busybox-static for that platform with a shell, and a second layer that holds `text`."""
    return [
        layer({"bin/busybox": busybox(platform), "bin/sh": "busybox"}),
        layer({"etc/text": text.encode()}),
    ]


def busybox_image(kind: Kind, platform: str, text: str = "one") -> Image:
    return single(kind, platform, busybox_layers(platform, text))


def busybox_index(kind: Kind, text: str = "one", *, attested: bool = True) -> Image:
    """For every platform of DEBIAN_NAMES."""
    return index(kind, {name: busybox_image(kind, name, text) for name in DEBIAN_NAMES}, attested=attested)


@cache
def busybox(platform: str) -> bytes:
    """Debian's program for that platform, downloaded once and kept. Skips where apt cannot give it.

    Where apt cannot give a foreign one, the sample image's program for that platform stands in its place: it is never
    run here. `stand_ins` tells of which.
    """
    kept = _kept(platform)
    if found := _found(platform):
        return found.read_bytes()
    failed = _download(DEBIAN_NAMES[platform], kept)
    if failed and platform == "amd64":
        pytest.skip(f"no busybox: install Debian's package busybox-static, or mend apt: {failed}")
    if failed:
        return files("dget.serve.sample").joinpath(f"hello-{platform.replace('/', '-')}").read_bytes()
    return kept.read_bytes()


def stand_ins() -> list[str]:
    """The platforms whose busybox is not Debian's."""
    return [platform for platform in DEBIAN_NAMES if _found(platform) is None]


def _found(platform: str) -> Path | None:
    kept = _kept(platform)
    if kept.is_file():
        return kept
    if platform == "amd64" and machine() == "x86_64" and (program := shutil.which("busybox")):
        return Path(program)
    return None


def _kept(platform: str) -> Path:
    return _cache_folder() / DEBIAN_NAMES[platform]


def _cache_folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "dget-test-busybox"


def _download(architecture: str, target: Path) -> str:
    """By apt with folders of its own, so that the system's list of architectures stays as it is.

    What went wrong; empty when `target` is there.
    """
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    work = target.with_name(f"{target.name}.{os.getpid()}")
    for folder in ("state/lists/partial", "cache/archives/partial", "root"):
        (work / folder).mkdir(parents=True)
    options = {
        "Dir::State": f"{work}/state",
        "Dir::Cache": f"{work}/cache",
        "Dir::State::status": "/dev/null",
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "20",
    }
    apt = ["apt-get", *(f"-o{name}={value}" for name, value in options.items())]
    try:
        # It fails where one of many indexes is bad, and leaves the good ones: the download decides.
        subprocess.run([*apt, "update"], cwd=work, check=False, capture_output=True, timeout=_DOWNLOAD_TIMEOUT)
        download = [*apt, "download", f"busybox-static:{architecture}"]
        subprocess.run(download, cwd=work, check=True, capture_output=True, timeout=_DOWNLOAD_TIMEOUT)
        package = next(work.glob("*.deb"))
        unpack = ["dpkg-deb", "-x", str(package), str(work / "root")]
        subprocess.run(unpack, check=True, capture_output=True, timeout=_DOWNLOAD_TIMEOUT)
        found = next(path for path in (work / "root").rglob("busybox") if path.is_file() and path.parent.name == "bin")
        found.replace(target)
    except subprocess.CalledProcessError as error:
        said: bytes = error.stderr
        return said.decode(errors="replace")[-200:]
    except subprocess.TimeoutExpired as error:
        return f"apt did not end within {error.timeout} s"
    finally:
        shutil.rmtree(work)
    return ""


def _descriptor(data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
