"""Archives of images that are small, and made to take memory or time."""

import json
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from dget.archive.inspection import inspect_archive
from dget.archive.readers import image_names
from dget.archive.readers.members import TarMembers
from dget.errors import DgetError, Unsupported
from dget.flow import Cancel, silent
from dget.model import FileLocator, Platform
from tests.parts.archives import tar_of
from tests.parts.images import digest_of

AMD64 = Platform.parse("linux/amd64")
CONFIG = b'{"architecture":"amd64","os":"linux","x":"%s"}' % (b"y" * (4 << 20))
_SECONDS_MAX = 20


def names(path: Path) -> list[str]:
    return image_names(FileLocator(path=str(path)), cancel=Cancel(), observer=silent)


def test_a_config_that_many_images_name_is_read_and_kept_once(tmp_path):
    path = tmp_path / "x.tar"
    entries = [{"Config": "c", "RepoTags": [f"a:{number}"], "Layers": []} for number in range(100)]
    path.write_bytes(tar_of({"c": CONFIG, "manifest.json": json.dumps(entries).encode()}))
    tracemalloc.start()
    try:
        assert len(names(path)) == 100
        assert tracemalloc.get_traced_memory()[1] < 10 * len(CONFIG)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "table",
    [
        {"manifest.json": b"[%s]" % b",".join([b'{"Config":"c"}'] * 5001)},
        {
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            "index.json": b'{"manifests":[%s]}'
            % b",".join([b'{"digest":"%s","size":2}' % digest_of(b"{}").encode()] * 5001),
        },
    ],
)
def test_a_file_that_names_thousands_of_images_is_refused(tmp_path, table):
    path = tmp_path / "x.tar"
    path.write_bytes(tar_of({"c": CONFIG, **table}))
    with pytest.raises(Unsupported, match=r"names 5,001 images; more than 5,000 are refused"):
        names(path)
    assert inspect_archive(path, AMD64, cancel=Cancel(), observer=silent).faults


def test_an_image_of_a_hundred_thousand_names_is_checked_in_bounded_time(tmp_path):
    path = tmp_path / "x.tar"
    tags = [f"a:{number}" for number in range(100_000)]
    path.write_bytes(
        tar_of({"c": b"{}", "manifest.json": json.dumps([{"Config": "c", "RepoTags": tags}] * 2).encode()})
    )
    begun = time.monotonic()
    found = inspect_archive(path, AMD64, cancel=Cancel(), observer=silent)
    assert time.monotonic() - begun < _SECONDS_MAX
    assert found.docker is not None
    assert [len(image.names) for image in found.docker.images] == [len(tags)] * 2


@pytest.fixture
def reads(monkeypatch) -> Counter[str]:
    """How often which member of an archive is read."""
    counts: Counter[str] = Counter()
    read = TarMembers.read

    def counted(self: TarMembers, name: str, at: int, size: int) -> bytes:
        counts[name] += 1
        return read(self, name, at, size)

    monkeypatch.setattr(TarMembers, "read", counted)
    return counts


def blobs_of(*contents: bytes) -> dict[str, bytes]:
    return {f"blobs/sha256/{digest_of(content)[7:]}": content for content in contents}


def described(content: bytes) -> dict[str, object]:
    return {"digest": digest_of(content), "size": len(content)}


def test_a_large_manifest_under_many_names_is_read_and_judged_once(tmp_path, reads):
    path = tmp_path / "x.tar"
    layers = [{"digest": digest_of(b"%d" % number), "size": 1} for number in range(5000)]
    manifest = json.dumps({"schemaVersion": 2, "config": described(CONFIG), "layers": layers}).encode()
    index = json.dumps(
        {"manifests": [{"mediaType": f"a/{number}", **described(manifest)} for number in range(100)]}
    ).encode()
    layout = b'{"imageLayoutVersion":"1.0.0"}'
    path.write_bytes(tar_of({**blobs_of(manifest, CONFIG), "oci-layout": layout, "index.json": index}))
    tracemalloc.start()
    try:
        found = inspect_archive(path, AMD64, cancel=Cancel(), observer=silent)
        assert tracemalloc.get_traced_memory()[1] < 5 * len(CONFIG)
    finally:
        tracemalloc.stop()
    # To its end once for its hash, and once for what it says.
    assert all(reads[name] <= 10 for name in blobs_of(manifest, CONFIG))
    assert found.oci is not None
    assert len(found.oci.images) == 100
    assert "each of 4,980 more is missing" in found.faults
    assert len(found.faults) < 30


def test_a_config_under_many_names_is_read_once(tmp_path, reads):
    path = tmp_path / "x.tar"
    entries = [{"Config": "c", "RepoTags": [f"a:{number}"], "Layers": ["l"]} for number in range(100)]
    path.write_bytes(tar_of({"c": CONFIG, "manifest.json": json.dumps(entries).encode()}))
    found = inspect_archive(path, AMD64, cancel=Cancel(), observer=silent)
    assert reads["c"] == 1
    assert found.docker is not None
    assert {image.image_id for image in found.docker.images} == {digest_of(CONFIG)}
    assert "l is missing" in found.faults


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "\x1b[2J"])
def test_the_words_of_a_refusal_are_short_whatever_the_name(tmp_path, name):
    path = tmp_path / "x.tar"
    path.write_bytes(tar_of([(name * 100_000, b""), (name * 100_000, b"")]))
    with pytest.raises(DgetError) as refused:
        names(path)
    assert len(refused.value.message) < 2100
