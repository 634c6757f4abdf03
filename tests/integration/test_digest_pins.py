"""Images that are asked for by digest, in engines that are asked for that digest: a Kubernetes pod names its image so."""

import json
from collections.abc import Iterator

import pytest

from tests.parts.containerd import Containerd
from tests.parts.images import MESSAGE, Image

KIND = "oci-index"


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Containerd]:
    """containerd as a node of a cluster has it."""
    daemon = Containerd(tmp_path_factory.mktemp("node"), kubernetes=True)
    yield daemon
    daemon.stop()


@pytest.fixture
def image(busybox_kinds) -> Image:
    found: Image = busybox_kinds[KIND]
    return found


def config_of(image: Image, architecture: str) -> str:
    """The image's ID in engines."""
    configs = {json.loads(blob)["architecture"]: digest for digest, blob in image.blobs.items() if blob[:1] == b"{"}
    return configs[architecture]


@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy", "oci-archive"])
@pytest.mark.parametrize("tag", ["", ":1"])
@pytest.mark.parametrize("options", [[], ["--name", "registry.example/moved:2"]], ids=["own-name", "renamed"])
def test_a_pod_that_pins_the_digest_finds_the_image_after_the_import(
    dget, registry, workplace, node, image, form, tag, options
):
    asked = f"{registry.name(KIND)}{tag}@{image.root.digest}"
    done = dget(asked, "-arch", "amd64", "--format", form, "-o", "x.tar", *options)
    assert done.returncode == 0, done.stderr
    node.load(workplace / "x.tar")
    repository = "registry.example/moved" if options else registry.name(KIND)
    tagged = "2" if options else tag[1:] or f"sha256-{image.root.digest[7:19]}"
    by_tag, by_digest = f"{repository}:{tagged}", f"{repository}@{image.root.digest}"
    # A classic archive holds no digests: an engine would take the name for a repository's.
    pinned = {by_digest} if form != "docker-legacy" else set()
    # CRI adds the image's ID as a name.
    assert {name for name in node.images() if not name.startswith("sha256:")} == {by_tag, *pinned}
    expected = config_of(image, "amd64")
    assert node.image_of_a_pod(by_tag) == expected
    for name in pinned:
        assert node.image_of_a_pod(name) == expected
        assert node.image_of_a_pod(f"{repository}:9@{image.root.digest}") == expected
        assert node.run(name) == MESSAGE
    for name in node.images():
        node.remove(name)
    assert node.image_of_a_pod(by_digest) is None


def test_a_kept_index_has_the_digest_that_its_name_says(dget, registry, workplace, node, image):
    by_digest = f"{registry.name(KIND)}@{image.root.digest}"
    words = (by_digest, "--platform", "amd64", "--format", "oci-archive", "--keep-index", "-o", "x.tar")
    assert dget(*words).returncode == 0
    node.load(workplace / "x.tar", "--platform", "linux/amd64")
    assert node.digest(by_digest) == image.root.digest
    assert node.image_of_a_pod(by_digest) == config_of(image, "amd64")
    for name in node.images():
        node.remove(name)


def test_the_summarys_commands_load_what_is_pinned(dget, registry, workplace, podman, skopeo, docker, image):
    """Two names are two entries of index.json, of which podman and skopeo want one told."""
    label = f"sha256-{image.root.digest[7:19]}"
    name = registry.name(f"{KIND}:{label}")
    asked = f"{registry.name(KIND)}@{image.root.digest}"
    done = dget(asked, "-arch", "amd64", "--format", "oci-archive", "-o", "x.tar")
    assert f"podman pull oci-archive:x.tar:{label}" in done.stderr
    assert f"skopeo copy oci-archive:x.tar:{label} …" in done.stderr
    podman.pull(f"oci-archive:{workplace}/x.tar:{label}")
    skopeo.copy(f"oci-archive:{workplace}/x.tar:{label}", workplace / "copy")
    done = dget(asked, "-arch", "amd64", "-o", "y.tar")
    assert "podman load -i y.tar" in done.stderr
    assert f"skopeo copy docker-archive:y.tar:{name} …" in done.stderr
    for engine in (docker, podman):
        engine.load(workplace / "y.tar")
        assert engine.run(name) == MESSAGE
        engine.remove(name)
    skopeo.copy(f"docker-archive:{workplace}/y.tar:{name}", workplace / "other")
