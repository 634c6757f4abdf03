"""What is asked for by digest is found by that digest in newer engines too, and has a tag in those that know no digests."""

from pathlib import Path

import pytest

from tests.engines.archives import Pulled, greeting, printed_by_greeting, pull
from tests.parts.distribution import Distribution
from tests.parts.images import OCI


@pytest.fixture(scope="module")
def from_a_pin(tmp_path_factory) -> Pulled:
    folder = tmp_path_factory.mktemp("pin")
    image = greeting(OCI)
    with Distribution(folder / "registry") as registry:
        registry.push("greeting", "v2", image)
        name = registry.name(f"greeting:v2@{image.root.digest}")
        return pull(folder, name, name, image)


@pytest.fixture
def pinned(from_a_pin: Pulled, exchange: Path) -> Pulled:
    return from_a_pin.copied_to(exchange)


@pytest.fixture
def tagged(pinned) -> str:
    name: str = pinned.name.partition("@")[0]
    return name


@pytest.fixture
def by_digest(pinned, tagged) -> str:
    return f"{tagged.removesuffix(':v2')}@{pinned.manifest}"


@pytest.mark.parametrize("way", [(), ("--local",)], ids=["default", "local"])
def test_containerd_has_it_under_both_names(containerd, pinned, tagged, by_digest, way):
    containerd.load(pinned.files[".tar"], *way)
    assert containerd.images() == {tagged, by_digest}
    assert containerd.run(by_digest) == printed_by_greeting()


def test_docker_has_it_under_its_tag_and_with_its_containerd_store_by_digest_too(
    request, docker, pinned, tagged, by_digest
):
    docker.load(pinned.files[".tar.gz"])
    assert tagged in docker.images()
    assert docker.run(tagged) == printed_by_greeting()
    _, store = request.node.callspec.params["docker"]
    if store:
        assert docker.run(by_digest) == printed_by_greeting()


def test_podman_has_it_under_its_tag(podman, pinned, tagged):
    podman.load(pinned.files[".tar"])
    assert podman.images() == {tagged}
    assert podman.run(tagged) == printed_by_greeting()
