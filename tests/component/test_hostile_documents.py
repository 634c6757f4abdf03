"""Images whose documents are well formed, match their digests, and say what no honest image says."""

import json
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from dget import Client
from dget.cli import render
from dget.errors import DgetError, IntegrityError, StorageError, Unsupported
from dget.model import Digest
from dget.model.media_type import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from tests.parts.trees import LayerMaker

LAYER = LayerMaker().add("a", b"hello").done()
HUGE = 2**63 - 1


@pytest.fixture
def image(registry):
    """Adds an image of this config, with these layers' bytes and sizes; its name."""

    def make(config: bytes, *layers: tuple[bytes, int]) -> str:
        def descriptor(kind: str, data: bytes, size: int) -> dict[str, Any]:
            return {"mediaType": kind, "digest": str(registry.content.add_blob(data)), "size": size}

        manifest = {
            "schemaVersion": 2,
            "config": descriptor(OCI_CONFIG, config, len(config)),
            "layers": [descriptor(OCI_LAYER_GZIP, data, size) for data, size in layers],
        }
        registry.content.add_manifest("x", json.dumps(manifest).encode(), OCI_MANIFEST, "1")
        return str(registry.name("x:1"))

    return make


def config(more: bytes = b"", layers: int = 1) -> bytes:
    diff_ids = [str(Digest.of(LAYER))] * layers
    whole = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    return json.dumps(whole).encode()[:-1] + more + b"}"


@pytest.mark.parametrize(
    "more", [b',"x":' + b"9" * 5000, b',"x":1e999', b',"x":"\xff"', b',"x":' + b"[" * 900 + b"]" * 900]
)
def test_what_is_passed_over_in_a_config_breaks_no_format(client, image, tmp_path, more):
    name = image(config(more), (LAYER, len(LAYER)))
    for form in ("docker-archive", "docker-legacy", "oci-archive", "rootfs"):
        try:
            assert client.pull(name, output=str(tmp_path / f"{form}.tar"), format=form).path.is_file()
        except Unsupported:
            assert form == "docker-legacy"
    details = client.inspect(name)
    assert b"amd64" in render.text(details)
    with suppress(Unsupported):
        json.loads(render.json_text([details], single=True))


@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy", "oci-archive", "oci-dir", "rootfs"])
@pytest.mark.parametrize("cache", ["with a cache", "without"])
def test_layers_that_no_disk_could_hold_are_refused(settings, image, tmp_path, form, cache):
    name = image(config(layers=2), (LAYER, HUGE), (b"x", HUGE))
    with (
        Client(replace(settings, cache=cache == "with a cache")) as client,
        pytest.raises((StorageError, IntegrityError)),
    ):
        client.pull(name, output=str(tmp_path / "x"), format=form)


@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy", "oci-archive", "oci-dir", "rootfs"])
def test_a_config_that_is_a_layer_too_is_written_or_refused(client, image, tmp_path, form):
    document = config()
    name = image(document, (document, len(document)))
    try:
        assert client.pull(name, output=str(tmp_path / "x"), format=form).path.exists()
    except DgetError:
        assert form in ("docker-legacy", "rootfs")
        assert not (tmp_path / "x").exists()
