"""A registry whose disk went bad."""

import json

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution
from tests.parts.images import OCI, busybox_image


@pytest.fixture(scope="module")
def image():
    return busybox_image(OCI, "amd64")


@pytest.fixture
def damaged(tmp_path, image):
    """distribution with one byte flipped in a blob: at a place from 0 to 1 of it."""
    with Distribution(tmp_path / "registry") as registry:
        registry.push("bb", "1", image)

        def flip(digest: str, place: float) -> str:
            """Done twice, it is mended."""
            path = registry.blob_path(digest)
            data = bytearray(path.read_bytes())
            data[int(place * (len(data) - 1))] ^= 0x10
            path.write_bytes(data)
            return registry.name("bb:1")

        yield flip


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("which", ["config", "base", "top"])
@pytest.mark.parametrize("cache", [True, False])
def test_a_flipped_byte_ends_in_6_with_no_file(dget, damaged, image, workplace, which, place, cache):
    manifest = json.loads(image.root.raw)
    blob = {"config": manifest["config"], "base": manifest["layers"][0], "top": manifest["layers"][1]}[which]
    done = dget(damaged(blob["digest"], place), "-arch", "amd64", *([] if cache else ["--no-cache"]))
    assert done.returncode == 6, done.stderr
    assert blob["digest"] in done.stderr
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("which", ["config", "top"])
def test_wrong_bytes_are_not_kept_for_the_next_pull(dget, damaged, image, workplace, which):
    manifest = json.loads(image.root.raw)
    blob = {"config": manifest["config"], "top": manifest["layers"][1]}[which]
    assert dget(damaged(blob["digest"], 0.5), "-arch", "amd64").returncode == 6
    mended = dget(damaged(blob["digest"], 0.5), "-arch", "amd64")
    assert mended.returncode == 0, mended.stderr
    assert len(check_archive(workplace / mended.stdout.strip())) == 1
