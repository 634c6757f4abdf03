"""All that dget may be asked for, as docs/matrix.md names it: at registries, in forms of their own."""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from dget.model import media_type as kinds
from dget.serve import MemoryContent, Server, answer
from tests.parts.distribution import Distribution
from tests.parts.images import (
    DOCKER,
    OCI,
    Image,
    Kind,
    Manifest,
    busybox_layers,
    digest_of,
    index,
    layer,
    single,
)
from tests.parts.images import (
    artifact as helm_chart,
)
from tests.parts.kinds import (
    SBOM,
    artifact,
    attested,
    collection,
    nested,
    packed,
    plugin,
    signature,
    wasm_module,
)
from tests.parts.schema1 import old_manifest, signed

MESSAGE = "read from the upper layer"
_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
READ = ("/bin/busybox", "cat", "/etc/text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """image: for an architecture; runs: whether engines can run it; options: dget's.

    beside: whether something refers to it that is kept; more: what other images in the same archive print.
    """

    image: Callable[[str], Image]
    runs: bool = True
    options: tuple[str, ...] = ()
    beside: bool = False
    more: tuple[str, ...] = ()


def _image(kind: Kind) -> Callable[[str], Image]:
    return lambda here: _single(kind, here)


def _single(kind: Kind, here: str, text: str = MESSAGE) -> Image:
    return single(kind, here, busybox_layers(here, text), READ)


def _packed(kind: Kind, packing: str) -> Callable[[str], Image]:
    return lambda here: packed(kind, here, [(packing, tar) for tar in busybox_layers(here, MESSAGE)], READ)


def _builds(kind: Kind, here: str) -> Mapping[str, Image]:
    foreign = "arm64" if here != "arm64" else "amd64"
    return {foreign: single(kind, foreign, [layer({"etc/text": b"not for this machine"})]), here: _single(kind, here)}


def _foreign_base(here: str) -> Image:
    image = _single(DOCKER, here)
    document = json.loads(image.root.raw)
    document["layers"][0] |= {"mediaType": _FOREIGN_LAYER, "urls": ["https://127.0.0.1:1/base"]}
    return replace(image, root=Manifest(json.dumps(document).encode(), image.root.media_type))


def _schema1(*, with_signature: bool) -> Callable[[str], Image]:
    def image(here: str) -> Image:
        blobs = {
            digest_of(blob): blob for blob in (gzip.compress(tar, 6, mtime=0) for tar in busybox_layers(here, MESSAGE))
        }
        steps = [("ADD", digest) for digest in blobs]
        config = {"architecture": here, "config": {"Cmd": list(READ), "Env": ["PATH=/bin"], "Labels": {"test": "yes"}}}
        raw = old_manifest([*steps[:1], ("ENV A=b", None), *steps[1:]], config=config)
        if with_signature:
            return Image(Manifest(signed(raw), kinds.DOCKER_SCHEMA1_SIGNED), (), blobs)
        return Image(Manifest(raw, kinds.DOCKER_SCHEMA1), (), blobs)

    return image


ASKED: Mapping[str, Asked] = {
    "Docker manifest list": Asked(image=lambda here: index(DOCKER, _builds(DOCKER, here))),
    "Docker manifest": Asked(image=_image(DOCKER)),
    "Docker schema 1, signed": Asked(image=_schema1(with_signature=True)),
    "Docker schema 1, unsigned": Asked(image=_schema1(with_signature=False)),
    "OCI index": Asked(image=lambda here: index(OCI, _builds(OCI, here))),
    "OCI index of indexes": Asked(image=lambda here: nested(attested(_builds(OCI, here)))),
    "OCI manifest": Asked(image=_image(OCI)),
    "OCI layers as tar": Asked(image=_packed(OCI, "tar")),
    "OCI layers in zstd": Asked(image=_packed(OCI, "zstd")),
    "Docker layers in zstd": Asked(image=_packed(DOCKER, "zstd")),
    "foreign layers": Asked(image=_foreign_base),
    "three images, shared layers": Asked(image=_image(OCI), more=("another", "a third")),
    "two platforms": Asked(image=lambda here: index(OCI, _builds(OCI, here)), options=("--platform", "all")),
    "attestations kept": Asked(image=lambda here: attested(_builds(OCI, here)), options=("--with-attestations",)),
    "referrers kept": Asked(image=_image(OCI), options=("--with-referrers",), beside=True),
    "Helm chart": Asked(image=lambda _: helm_chart(), runs=False),
    "WebAssembly module": Asked(image=lambda _: wasm_module(), runs=False),
    "SBOM": Asked(image=lambda _: artifact(SBOM, {"sbom.json": b"{}"}), runs=False),
    "files of oras": Asked(image=lambda _: artifact("application/vnd.example", {"a": b"a", "b": b"b"}), runs=False),
    "Docker plugin": Asked(image=lambda _: plugin(), runs=False),
    "index of artifacts": Asked(
        image=lambda _: collection(helm_chart(), artifact(SBOM, {"sbom.json": b"{}"})), runs=False
    ),
}


class Shelf:
    """Registries that hold all of it: distribution, and for the old manifests that it no longer takes, dget's server."""

    def __init__(self, distribution: Distribution, here: str) -> None:
        """here: the machine's architecture."""
        self._distribution = distribution
        self._here = here
        self._content = MemoryContent()
        self._server = Server(lambda request: answer(request, self._content))
        self._names: dict[str, Mapping[str, str]] = {}

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def image(self, asked: str) -> Image:
        return ASKED[asked].image(self._here)

    def names(self, asked: str) -> Mapping[str, str]:
        """What dget is asked for, and what each image prints."""
        if asked not in self._names:
            self._names[asked] = self._pushed(asked)
        return self._names[asked]

    def _pushed(self, asked: str) -> Mapping[str, str]:
        # Not among those that other tests pull.
        repository = "asked/" + re.sub("[^a-z0-9]+", "-", asked.lower())
        image = self.image(asked)
        if image.root.media_type in (kinds.DOCKER_SCHEMA1, kinds.DOCKER_SCHEMA1_SIGNED):
            for blob in image.blobs.values():
                self._content.add_blob(blob)
            self._content.add_manifest(repository, image.root.raw, image.root.media_type, "1")
            return {f"{self._server.address}/{repository}:1": MESSAGE}
        self._distribution.push(repository, "1", image)
        names = {self._distribution.name(f"{repository}:1"): MESSAGE}
        if ASKED[asked].beside:
            tag = f"{image.root.digest.replace(':', '-')}.sig"
            self._distribution.push(repository, tag, signature(image.root))
        for text in ASKED[asked].more:
            other = f"{repository}-{text.replace(' ', '-')}"
            self._distribution.push(other, "1", _single(OCI, self._here, text))
            names[self._distribution.name(f"{other}:1")] = text
        return names
