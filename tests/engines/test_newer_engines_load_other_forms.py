"""The other forms of archive, several images and several platforms, in newer engines."""

import platform
from pathlib import Path

import pytest

from dget.archive import Form
from tests.engines.archives import architecture
from tests.parts.exports import blobs_of, exported, index_of, named
from tests.parts.images import DOCKER, OCI, Image, busybox_layers, digest_of, index, single

READ = ["/bin/busybox", "cat", "/etc/text"]
FOREIGN = "arm64" if platform.machine() == "x86_64" else "amd64"
NAME = "registry.example/{}:1"


@pytest.fixture(scope="module")
def images() -> dict[str, Image]:
    """Two that share their base; they print what their upper layer says."""
    here = architecture()
    return {
        text: single(kind, here, busybox_layers(here, text), READ) for text, kind in (("one", OCI), ("two", DOCKER))
    }


@pytest.fixture
def both(exchange, images):
    """A function that writes both images into one file."""

    def write(kind: str, compress: str) -> Path:
        wanted = [named(image, NAME.format(text), platform=architecture()) for text, image in images.items()]
        file = f"x{Form.of(kind, compress, None).suffix}"
        return exported(exchange / file, Form.of(kind, compress, None), wanted, blobs_of(*images.values()))

    return write


def loads_and_runs_both(engine, path: Path) -> None:
    engine.load(path)
    assert engine.images() == {NAME.format("one"), NAME.format("two")}
    for text in ("one", "two"):
        assert engine.run(NAME.format(text)) == text


@pytest.mark.parametrize(
    ("kind", "compress"),
    [
        ("docker-archive", "none"),
        ("docker-archive", "gzip"),
        ("docker-archive", "zstd"),
        ("docker-legacy", "none"),
        ("docker-legacy", "gzip"),
        ("docker-legacy", "zstd"),
    ],
)
def test_docker_loads_two_images_from_one_file(docker, both, images, kind, compress):
    loads_and_runs_both(docker, both(kind, compress))
    # Docker's containerd store ends with 0 and lists an image whose layers are missing: its layers count.
    for text, image in images.items():
        layers = docker.inspect(NAME.format(text))["RootFS"]["Layers"]
        assert layers == [digest_of(tar) for tar in busybox_layers(architecture(), text)], image


@pytest.mark.parametrize("compress", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy"])
def test_podman_loads_two_images_from_one_file(podman, both, kind, compress):
    loads_and_runs_both(podman, both(kind, compress))


@pytest.mark.parametrize("way", [(), ("--local",)], ids=["default", "local"])
@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy", "oci-archive"])
def test_ctr_imports_two_images_from_one_file(containerd, both, kind, way):
    containerd.load(both(kind, "none"), *way)
    for text in ("one", "two"):
        assert containerd.run(NAME.format(text)) == text


@pytest.mark.parametrize("compress", ["gzip", "gzip:6", "zstd"])
@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy", "oci-archive"])
def test_the_transfer_service_of_containerd_2_takes_compressed_archives(containerd_2, both, kind, compress):
    loads_and_runs_both(containerd_2, both(kind, compress))


@pytest.fixture
def one_in_an_oci_archive(exchange, images):
    """A function that writes one image alone."""

    def write(compress: str) -> Path:
        form = Form.of("oci-archive", compress, None)
        wanted = [named(images["one"], NAME.format("one"), platform=architecture())]
        return exported(exchange / f"x{form.suffix}", form, wanted, blobs_of(images["one"]))

    return write


@pytest.mark.parametrize("compress", ["none", "gzip", "zstd"])
def test_podman_loads_an_oci_archive(podman, one_in_an_oci_archive, compress):
    podman.load(one_in_an_oci_archive(compress))
    assert podman.images() == {NAME.format("one")}
    assert podman.run(NAME.format("one")) == "one"


@pytest.mark.parametrize("compress", ["none", "gzip", "zstd"])
def test_skopeo_finds_an_image_by_its_full_name(skopeo, both, images, exchange, compress):
    skopeo.copy(f"oci-archive:{both('oci-archive', compress)}:{NAME.format('one')}", exchange / "copy")
    copied = {digest_of(file.read_bytes()) for file in (exchange / "copy").iterdir()}
    assert copied >= {images["one"].root.digest, *images["one"].blobs}


@pytest.fixture(params=["an index of ours", "the registry's index"])
def platforms(request, exchange) -> Path:
    """Two platforms of one name."""
    builds = {one: single(OCI, one, busybox_layers(one, one), READ) for one in (architecture(), FOREIGN)}
    indexes = [index_of(index(OCI, builds))] if request.param == "the registry's index" else []
    wanted = [named(image, NAME.format("both"), platform=one, indexes=indexes) for one, image in builds.items()]
    return exported(exchange / "x.tar", Form.of("oci-archive", None, None), wanted, blobs_of(*builds.values()))


def test_podman_takes_its_platform(podman, platforms):
    podman.load(platforms)
    assert podman.run(NAME.format("both")) == architecture()


@pytest.mark.parametrize("way", [(), ("--local",), ("--local", "--all-platforms")], ids=["default", "local", "all"])
def test_ctr_takes_its_platform(containerd, platforms, way):
    containerd.load(platforms, *way)
    assert containerd.run(NAME.format("both")) == architecture()


@pytest.mark.parametrize("compress", ["none", "gzip", "zstd"])
def test_docker_takes_an_oci_archive_into_its_containerd_store_alone(request, docker, one_in_an_oci_archive, compress):
    _, store = request.node.callspec.params["docker"]
    archive = one_in_an_oci_archive(compress)
    if not store:
        with pytest.raises(AssertionError, match="no such file"):
            docker.load(archive)
        assert docker.images() == set()
        return
    docker.load(archive)
    assert docker.images() == {NAME.format("one")}
    assert docker.run(NAME.format("one")) == "one"
