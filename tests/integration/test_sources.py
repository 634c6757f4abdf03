"""What other tools write, dget reads and makes an archive of that engines run."""

import subprocess

import pytest

from dget.archive import check_archive
from tests.parts.archives import combined, config_of, tar_of
from tests.parts.images import MESSAGE, OCI, busybox_image

NAME = "registry.test/team/app:1"


@pytest.fixture(scope="session")
def image():
    return busybox_image(OCI, "amd64", "from a file")


@pytest.fixture
def archive(workplace, image):
    path = workplace / "made.tar"
    path.write_bytes(tar_of(combined([(NAME, image)])))
    return path


def by_docker(path, saved, request):
    docker = request.getfixturevalue("docker")
    docker.load(path)
    docker.save(NAME, saved)
    docker.remove(NAME)


def by_podman(path, saved, request, form):
    podman = request.getfixturevalue("podman")
    podman.load(path)
    podman.save(NAME, saved, form)
    podman.remove(NAME)


def by_containerd(path, saved, request):
    containerd = request.getfixturevalue("containerd")
    containerd.load(path)
    containerd.save(NAME, saved)
    containerd.remove(NAME)


def by_skopeo(path, saved, target):
    words = ["skopeo", "--insecure-policy", "copy", f"oci-archive:{path}", target.replace("FILE", str(saved))]
    subprocess.run(words, check=True, capture_output=True, timeout=120)


WAYS = {
    "docker": by_docker,
    "podman-docker": lambda path, saved, request: by_podman(path, saved, request, "docker-archive"),
    "podman-oci": lambda path, saved, request: by_podman(path, saved, request, "oci-archive"),
    "containerd": by_containerd,
    "skopeo-docker": lambda path, saved, request: by_skopeo(path, saved, f"docker-archive:FILE:{NAME}"),
    "skopeo-oci": lambda path, saved, request: by_skopeo(path, saved, f"oci-archive:FILE:{NAME}"),
    "skopeo-folder": lambda path, saved, request: by_skopeo(path, saved, f"oci:FILE:{NAME}"),
}
KEEP_THE_MANIFEST = {"containerd", "skopeo-oci", "skopeo-folder"}


@pytest.mark.parametrize("way", WAYS)
def test_what_it_saves_becomes_an_archive_that_runs(
    dget, workplace, archive, image, docker, containerd, request, way, skopeo
):
    saved = workplace / "saved.tar"
    WAYS[way](archive, saved, request)
    done = dget(saved, "-o", "out.tar")
    assert done.returncode == 0, done.stderr
    out = workplace / "out.tar"
    assert check_archive(out) == [NAME]
    assert dget("check", out).returncode == 0
    for engine in (docker, containerd):
        engine.load(out)
        assert engine.run(NAME) == MESSAGE
        engine.remove(NAME)
    digest = skopeo.inspect(f"oci-archive:{out}")["Digest"]
    assert (digest == image.root.digest) is (way in KEEP_THE_MANIFEST)
    if way == "docker":
        # The configuration is the same, byte for byte.
        assert f"blobs/sha256/{config_of(image)[7:]}".encode() in out.read_bytes()


@pytest.mark.parametrize(("program", "suffix"), [("gzip", ".gz"), ("bzip2", ".bz2"), ("xz", ".xz"), ("zstd", ".zst")])
def test_it_may_be_packed_by_any_of_the_usual_programs(dget, workplace, archive, image, program, suffix):
    packed = workplace / f"made.tar{suffix}"
    with packed.open("wb") as file:
        subprocess.run([program, "-c", archive], check=True, stdout=file, timeout=120)
    done = dget("inspect", "--json", packed)
    assert done.returncode == 0, done.stderr
    assert image.root.digest in done.stdout
    assert f"unpacking made.tar{suffix}" in done.stderr


def test_a_folder_that_skopeo_filled_with_two_images(dget, workplace, archive, image):
    folder = workplace / "layout"
    for tag in ("one", "two"):
        by_skopeo(archive, folder, f"oci:FILE:{tag}")
    assert dget("tags", f"oci:{folder}").stdout.split() == ["localhost/layout:one", "localhost/layout:two"]
    done = dget(f"oci:{folder}:two", "-o", "out.tar")
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / "out.tar") == ["localhost/layout:two"]


def test_a_cut_file_ends_with_6_and_leaves_nothing(dget, workplace, archive):
    cut = workplace / "cut.tar"
    cut.write_bytes(archive.read_bytes()[:-200_000])
    done = dget(cut, "-o", "out.tar")
    assert done.returncode == 6
    assert "cut" in done.stderr
    assert sorted(path.name for path in workplace.iterdir()) == ["cut.tar", "made.tar"]
