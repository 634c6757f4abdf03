"""What dget writes, loaded by the engines that people have."""

import pytest

from tests.parts.images import MESSAGE

KINDS = ["docker-list", "oci-index", "docker-single", "oci-single"]


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    found: str = request.param
    return found


@pytest.fixture
def archive(dget, registry, workplace, kind):
    """A function that pulls the image of this kind into a file of the given name."""

    def pull(name: str):
        done = dget(registry.name(f"{kind}:1"), "-o", name, "-arch", "amd64")
        assert done.returncode == 0, done.stderr
        return workplace / name

    return pull


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "x.tar"])
def test_docker_loads_it_under_its_name_and_runs_it(archive, docker, registry, kind, name):
    docker.load(archive(name))
    assert docker.images() == {registry.name(f"{kind}:1")}
    assert docker.run(registry.name(f"{kind}:1")) == MESSAGE
    docker.remove(registry.name(f"{kind}:1"))


def test_podman_loads_it_under_its_name_and_runs_it(archive, podman, registry, kind):
    podman.load(archive("x.tar"))
    assert podman.images() == {registry.name(f"{kind}:1")}
    assert podman.run(registry.name(f"{kind}:1")) == MESSAGE
    podman.remove(registry.name(f"{kind}:1"))


def test_containerd_imports_it_under_its_name_and_runs_it(archive, containerd, registry, kind):
    containerd.load(archive("x.tar"))
    assert containerd.images() == {registry.name(f"{kind}:1")}
    assert "complete" in containerd.check()
    assert containerd.run(registry.name(f"{kind}:1")) == MESSAGE
    containerd.remove(registry.name(f"{kind}:1"))


def test_skopeo_reads_it_both_ways_and_finds_every_blob_whole(archive, skopeo, workplace, busybox_kinds, kind):
    path = archive("x.tar")
    for form in ("oci-archive", "docker-archive"):
        assert skopeo.inspect(f"{form}:{path}")["Labels"] == {"test": "yes"}
        skopeo.copy(f"{form}:{path}", workplace / form)
    found = skopeo.inspect(f"oci-archive:{path}")["Digest"]
    image = busybox_kinds[kind]
    assert found in {manifest.digest for manifest in (image.root, *image.children)}


def test_a_pull_by_digest_has_a_name_in_every_engine(
    dget, registry, workplace, busybox_kinds, docker, podman, containerd
):
    digest = busybox_kinds["oci-index"].root.digest
    done = dget(f"{registry.name('oci-index')}@{digest}", "-o", "x.tar", "-arch", "amd64")
    assert done.returncode == 0, done.stderr
    for engine in (docker, podman, containerd):
        engine.load(workplace / "x.tar")
        name = registry.name(f"oci-index:sha256-{digest[7:19]}")
        assert engine.images() == {name}
        engine.remove(name)
