"""By which names skopeo and the engines find what dget writes. That they run it: docs/matrix.md."""

import pytest

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


def test_skopeo_reads_it_both_ways_and_finds_every_blob_whole(archive, skopeo, workplace, busybox_kinds, kind):
    path = archive("x.tar")
    for form in ("oci-archive", "docker-archive"):
        assert skopeo.inspect(f"{form}:{path}")["Labels"] == {"test": "yes"}
        skopeo.copy(f"{form}:{path}", workplace / form)
    found = skopeo.inspect(f"oci-archive:{path}")["Digest"]
    image = busybox_kinds[kind]
    assert found in {manifest.digest for manifest in (image.root, *image.children)}


def test_skopeo_finds_it_by_its_full_name_and_by_no_other(archive, skopeo, registry, kind):
    path = archive("x.tar")
    assert skopeo.inspect(f"docker-archive:{path}:{registry.name(f'{kind}:1')}")["Labels"] == {"test": "yes"}
    with pytest.raises(AssertionError, match="not found"):
        skopeo.inspect(f"docker-archive:{path}:{registry.name(f'{kind}:2')}")


# By tag, containers/image passes over entries of Docker's media types (oci/layout/oci_transport.go): OCI's kinds alone.
@pytest.mark.parametrize("kind", ["oci-index", "oci-single"])
def test_skopeo_finds_it_by_its_tag_and_by_no_other(archive, skopeo, kind):
    path = archive("x.tar")
    assert skopeo.inspect(f"oci-archive:{path}:1")["Labels"] == {"test": "yes"}
    with pytest.raises(AssertionError, match="no descriptor found"):
        skopeo.inspect(f"oci-archive:{path}:2")


def test_a_pull_by_digest_has_a_name_in_every_engine(
    dget, registry, workplace, busybox_kinds, docker, podman, containerd, skopeo
):
    digest = busybox_kinds["oci-index"].root.digest
    done = dget(f"{registry.name('oci-index')}@{digest}", "-o", "x.tar", "-arch", "amd64")
    assert done.returncode == 0, done.stderr
    label = f"sha256-{digest[7:19]}"
    name = registry.name(f"oci-index:{label}")
    # Docker's documents hold no digests.
    for engine, names in (
        (docker, {name}),
        (podman, {name}),
        (containerd, {name, registry.name(f"oci-index@{digest}")}),
    ):
        engine.load(workplace / "x.tar")
        assert engine.images() == names
        for one in names:
            engine.remove(one)
    for source in (f"docker-archive:{workplace / 'x.tar'}:{name}", f"oci-archive:{workplace / 'x.tar'}:{label}"):
        assert skopeo.inspect(source)["Labels"] == {"test": "yes"}
