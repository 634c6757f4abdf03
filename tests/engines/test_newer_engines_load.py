"""What dget makes, newer engines load: under its name, and every layer is in its place."""

import pytest

from tests.engines.archives import SUFFIXES, printed_by_greeting
from tests.parts.images import digest_of


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_docker_runs_what_it_loads(docker, pulled, suffix):
    # With containerd's store, Docker 28 ends with 0 and lists the image when a layer is missing.
    docker.load(pulled.files[suffix])
    assert docker.images() == {pulled.familiar}
    assert docker.inspect(pulled.familiar)["RootFS"] == {"Type": "layers", "Layers": pulled.diff_ids}
    assert docker.run(pulled.familiar) == printed_by_greeting()


def test_podman_runs_what_it_loads(podman, pulled):
    podman.load(pulled.files[".tar"])
    assert podman.images() == {pulled.name}
    assert podman.run(pulled.name) == printed_by_greeting()


@pytest.mark.parametrize("way", [(), ("--local",)], ids=["default", "local"])
def test_containerd_runs_what_ctr_imports(containerd, pulled, way):
    containerd.load(pulled.files[".tar"], *way)
    assert containerd.images() == {pulled.name}
    assert containerd.run(pulled.name) == printed_by_greeting()


def test_the_transfer_service_of_containerd_2_takes_gzip_too(containerd_2, pulled):
    containerd_2.load(pulled.files[".tar.gz"])
    assert containerd_2.images() == {pulled.name}
    assert containerd_2.run(pulled.name) == printed_by_greeting()


def test_skopeo_finds_what_the_registry_gave(skopeo, pulled, exchange):
    skopeo.copy(f"oci-archive:{pulled.files['.tar']}", exchange / "copy")
    assert digests_in(exchange / "copy") == {pulled.manifest, *pulled.image.blobs}


def test_skopeo_unpacks_every_layer_of_the_docker_archive(skopeo, pulled, exchange):
    skopeo.copy(f"docker-archive:{pulled.files['.tar']}", exchange / "copy")
    assert digests_in(exchange / "copy") >= {pulled.config, *pulled.diff_ids}


def digests_in(folder):
    return {digest_of(file.read_bytes()) for file in folder.iterdir() if file.name != "version"}
