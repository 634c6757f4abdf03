"""Archives of several images and of several platforms, in the engines that people have."""

from pathlib import Path

import pytest

from dget.archive import Form
from tests.parts.exports import blobs_of, exported, index_of, named
from tests.parts.images import DOCKER, OCI, Image, artifact, busybox_layers, index, single

READ = ["/bin/busybox", "cat", "/etc/text"]
TEXTS = ("one", "two", "three")
LOADS = [
    ("docker", "docker-archive", "none"),
    ("docker", "docker-archive", "gzip"),
    ("docker", "docker-legacy", "none"),
    ("docker", "docker-legacy", "gzip"),
    ("podman", "docker-archive", "none"),
    ("podman", "docker-legacy", "none"),
    ("containerd", "docker-archive", "none"),
    ("containerd", "docker-legacy", "none"),
    ("containerd", "oci-archive", "none"),
]


def name(text: str) -> str:
    return f"registry.example/{text}:1"


@pytest.fixture(scope="module")
def images() -> dict[str, Image]:
    """Three that share their base; they print what their upper layer says."""
    kinds = (OCI, DOCKER, OCI)
    return {
        text: single(kind, "amd64", busybox_layers("amd64", text), READ)
        for kind, text in zip(kinds, TEXTS, strict=True)
    }


@pytest.fixture
def archive(tmp_path: Path, images):
    """A function that writes all three into one file."""

    def write(kind: str, compress: str) -> Path:
        wanted = [named(image, name(text)) for text, image in images.items()]
        return exported(tmp_path / "x", Form.of(kind, compress, None), wanted, blobs_of(*images.values()))

    return write


@pytest.mark.parametrize(("engine", "kind", "compress"), LOADS)
def test_three_images_with_shared_layers_are_loaded_and_run(request, archive, engine, kind, compress):
    loader = request.getfixturevalue(engine)
    loader.load(archive(kind, compress))
    assert loader.images() == {name(text) for text in TEXTS}
    for text in TEXTS:
        assert loader.run(name(text)) == text
    for text in TEXTS:
        loader.remove(name(text))


@pytest.mark.parametrize("engine", ["docker", "podman", "containerd"])
@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy"])
def test_an_image_has_all_of_its_names(request, images, tmp_path, engine, kind):
    loader = request.getfixturevalue(engine)
    names = (name("first"), name("second"))
    wanted = [named(images["one"], *names)]
    loader.load(exported(tmp_path / "x", Form.of(kind, "none", None), wanted, blobs_of(images["one"])))
    assert loader.images() == set(names)
    for one in names:
        assert loader.run(one) == "one"
    for one in names:
        loader.remove(one)


@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy", "oci-archive"])
@pytest.mark.parametrize("compress", ["none", "gzip"])
def test_a_shared_layer_is_stored_once(archive, images, kind, compress):
    (base,) = set.intersection(*({*image.blobs.values()} for image in images.values()))
    size = archive(kind, compress).stat().st_size
    unpacked = len(busybox_layers("amd64")[0])
    assert size < 1.1 * (unpacked if (kind, compress) == ("docker-legacy", "none") else len(base))


@pytest.mark.parametrize(
    ("form", "kind"),
    [("oci-archive", "oci-archive"), ("docker-archive", "docker-archive"), ("docker-archive", "docker-legacy")],
)
def test_skopeo_finds_each_by_its_full_name(archive, images, skopeo, tmp_path, form, kind):
    path = archive(kind, "none")
    for text, image in images.items():
        # By name containers/image passes over Docker's media types in an OCI layout.
        if form == "oci-archive" and image.root.media_type == DOCKER.manifest:
            continue
        skopeo.copy(f"{form}:{path}:{name(text)}", tmp_path / text)
        config = next(blob for blob in image.blobs.values() if blob.startswith(b"{"))
        assert config in {file.read_bytes() for file in (tmp_path / text).iterdir()}


# Platforms.


@pytest.fixture(scope="module")
def builds() -> dict[str, Image]:
    return {
        platform: single(OCI, platform, busybox_layers(platform, platform), READ) for platform in ("amd64", "arm64")
    }


def test_platforms_of_one_name_are_one_image_from_which_engines_take_theirs(
    builds, tmp_path, containerd, podman, skopeo
):
    wanted = [named(image, name("both"), platform=platform) for platform, image in builds.items()]
    path = exported(tmp_path / "x", Form.of("oci-archive", None, None), wanted, blobs_of(*builds.values()))
    for options in ([], ["--all-platforms"]):
        containerd.load(path, *options)
        assert containerd.images() == {name("both")}
        assert containerd.run(name("both")) == "amd64"
        containerd.remove(name("both"))
    podman.load(path)
    assert podman.run(name("both")) == "amd64"
    podman.remove(name("both"))
    for platform, image in builds.items():
        skopeo.copy(f"oci-archive:{path}", tmp_path / platform, "--override-arch", platform)
        assert (tmp_path / platform / "manifest.json").read_bytes() == image.root.raw


def test_a_kept_index_of_which_all_is_there_is_imported_for_all_platforms(builds, tmp_path, containerd, skopeo):
    whole = index(OCI, builds)
    wanted = [
        named(image, name("both"), platform=platform, indexes=[index_of(whole)]) for platform, image in builds.items()
    ]
    path = exported(tmp_path / "x", Form.of("oci-archive", None, None), wanted, blobs_of(*builds.values()))
    containerd.load(path, "--all-platforms")
    assert containerd.digest(name("both")) == whole.root.digest
    assert containerd.run(name("both")) == "amd64"
    containerd.remove(name("both"))
    assert skopeo.raw(f"oci-archive:{path}") == whole.root.raw


def test_an_artifact_keeps_its_manifest_and_its_blobs(tmp_path, skopeo):
    chart = artifact()
    wanted = [named(chart, "registry.example/chart:1", platform="")]
    path = exported(tmp_path / "x", Form.of("oci-archive", None, None), wanted, blobs_of(chart))
    skopeo.copy(f"oci-archive:{path}:1", tmp_path / "chart")
    assert (tmp_path / "chart/manifest.json").read_bytes() == chart.root.raw
    assert {*chart.blobs.values()} < {file.read_bytes() for file in (tmp_path / "chart").iterdir()}


# From a registry.


@pytest.mark.parametrize(
    ("engine", "file"),
    [("docker", "stack.tar.gz"), ("docker", "stack.tar"), ("podman", "stack.tar"), ("containerd", "stack.tar")],
)
def test_images_of_a_registry_go_into_one_file_and_run(request, dget, registry, workplace, images, engine, file):
    names = [registry.name(f"several-{text}:1") for text in TEXTS]
    for text, image in images.items():
        registry.push(f"several-{text}", "1", image)
    (workplace / "images.txt").write_text("\n".join(names[1:]))
    registry.forget()
    done = dget(names[0], "-f", "images.txt", "-arch", "amd64", "-o", file)
    assert (done.returncode, done.stdout) == (0, f"{file}\n"), done.stderr
    assert len(registry.blobs_asked) == len(set(registry.blobs_asked))
    loader = request.getfixturevalue(engine)
    loader.load(workplace / file)
    assert loader.images() == set(names)
    assert [loader.run(name) for name in names] == list(TEXTS)
    for name in names:
        loader.remove(name)
