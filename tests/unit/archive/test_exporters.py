"""Archives and folders as the exporters write them, of one image and of several."""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dget.archive import Form, exporter_into_file, exporter_into_stream, size_of
from dget.archive.oci_dir import OciDir
from dget.codec import FileLock
from dget.errors import DgetError, StorageError, UsageError
from dget.flow import silent
from dget.model import Contents
from tests.parts.exports import blobs_of, export, exported, named, small_image, unpacked
from tests.parts.images import DOCKER, OCI, artifact, digest_of
from tests.parts.images import Manifest as Root

ONE, TWO = small_image(OCI, "base", "one"), small_image(DOCKER, "base", "two")
BLOBS = blobs_of(ONE, TWO, artifact())
NAME, OTHER = "docker.io/library/one:1", "quay.io/two:1"
BOTH = Contents(images=(named(ONE, NAME), named(TWO, OTHER)))
PLACED = [("docker-archive", "none"), ("docker-archive", "gzip"), ("oci-archive", "none"), ("oci-archive", "gzip")]
SEQUENTIAL = [(kind, how) for kind in ("docker-archive", "oci-archive") for how in ("gzip:9", "zstd", "zstd:19")]


def form(kind: str, compress: str | None = None) -> Form:
    return Form.of(kind, compress, None)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("kind", "compress"), PLACED + SEQUENTIAL)
def test_all_compressions_unpack_to_the_same_tar_whose_blobs_match_their_digests(tmp_path, kind, compress):
    path = exported(tmp_path / "x", form(kind, compress), BOTH.images, BLOBS)
    plain = exported(tmp_path / "plain", form(kind, "none"), BOTH.images, BLOBS)
    assert unpacked(path) == plain.read_bytes()
    with tarfile.open(plain) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    blobs = {name: data for name, data in found.items() if name.startswith("blobs/")}
    assert all(digest_of(data) == f"sha256:{name.rpartition('/')[2]}" for name, data in blobs.items())
    assert len(blobs) == len(BOTH.blobs) + 2
    assert ("manifest.json" in found) == (kind == "docker-archive")
    assert names(tmp_path) == {"x", "plain"}


@pytest.mark.parametrize(("kind", "compress"), PLACED)
def test_a_placed_archives_size_is_known_beforehand(tmp_path, kind, compress):
    path = exported(tmp_path / "x", form(kind, compress), BOTH.images, BLOBS)
    assert path.stat().st_size == size_of(BOTH, form(kind, compress))


@pytest.mark.parametrize(("kind", "compress"), [*PLACED, *SEQUENTIAL, ("docker-legacy", "gzip")])
def test_a_stream_gets_the_bytes_that_a_file_gets(tmp_path, kind, compress):
    stream = io.BytesIO()
    done = export(exporter_into_stream(form(kind, compress), stream), BOTH, BLOBS)
    assert stream.getvalue() == exported(tmp_path / "x", form(kind, compress), BOTH.images, BLOBS).read_bytes()
    assert done.size == len(stream.getvalue())


def test_a_stream_that_takes_little_at_a_time_gets_all():
    class Narrow(io.BytesIO):
        def write(self, data: Any) -> int:
            return super().write(data[:1000])

    narrow, wide = Narrow(), io.BytesIO()
    for stream in (narrow, wide):
        export(exporter_into_stream(form("oci-archive", "none"), stream), BOTH, BLOBS)
    assert narrow.getvalue() == wide.getvalue()


def test_a_reader_that_has_gone_is_said_to_have_gone():
    class Gone(io.BytesIO):
        def write(self, data: Any) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(StorageError, match="ended before it had all"):
        export(exporter_into_stream(form("docker-archive", "none"), Gone()), BOTH, BLOBS)


def test_a_blob_out_of_turn_is_refused():
    exporter = exporter_into_stream(form("oci-archive", "zstd"), io.BytesIO())
    exporter.begin(BOTH)
    with pytest.raises(DgetError, match="out of turn"):
        exporter.add(BOTH.blobs[1], io.BytesIO(b""))  # type: ignore[union-attr]
    exporter.abort()


@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy"])
def test_what_is_given_up_leaves_nothing(tmp_path, kind):
    exporter = exporter_into_file(form(kind, "gzip:9"), tmp_path / "x", silent)
    exporter.begin(BOTH)
    exporter.abort()
    assert names(tmp_path) == set()


def test_an_oci_dir_is_no_stream():
    with pytest.raises(UsageError):
        exporter_into_stream(form("oci-dir"), io.BytesIO())


# The folder.


def images_of(folder: Path) -> dict[str, str]:
    entries = json.loads((folder / "index.json").read_bytes())["manifests"]
    return {entry["annotations"]["org.opencontainers.image.ref.name"]: entry["digest"] for entry in entries}


def test_a_folder_is_an_oci_layout_and_nothing_else_stays_in_it(tmp_path):
    folder = exported(tmp_path / "x", form("oci-dir"), [named(ONE, NAME)], BLOBS)
    blobs = {f"blobs/sha256/{digest[7:]}" for digest in (*ONE.blobs, ONE.root.digest)}
    assert names(folder) == {"oci-layout", "index.json", *blobs}
    assert all(digest_of((folder / name).read_bytes())[7:] == name[13:] for name in blobs)
    assert images_of(folder) == {NAME: ONE.root.digest}


def test_an_image_is_added_beside_others_and_their_names_stay_what_they_were(tmp_path):
    exported(tmp_path / "x", form("oci-dir"), [named(ONE, NAME)], BLOBS)
    exporter = OciDir(tmp_path / "x", silent)
    exporter.begin(Contents(images=(named(TWO, OTHER),)))
    base = BOTH.images[0].blobs[1]
    assert base.digest not in {blob.digest for blob in exporter.missing()}
    exporter.abort()
    exported(tmp_path / "x", form("oci-dir"), [named(TWO, OTHER)], BLOBS)
    assert images_of(tmp_path / "x") == {NAME: ONE.root.digest, OTHER: TWO.root.digest}


def test_a_name_that_is_there_already_gets_the_new_image(tmp_path):
    for image in (ONE, TWO):
        exported(tmp_path / "x", form("oci-dir"), [named(image, NAME)], BLOBS)
    assert images_of(tmp_path / "x") == {NAME: TWO.root.digest}


def test_what_other_tools_wrote_into_the_index_stays(tmp_path):
    folder = exported(tmp_path / "x", form("oci-dir"), [named(ONE, NAME)], BLOBS)
    index = json.loads((folder / "index.json").read_bytes())
    index["annotations"] = {"by": "another"}
    entry = {**index["manifests"][0], "annotations": {"org.opencontainers.image.ref.name": "own"}, "extra": 1}
    (folder / "index.json").write_text(json.dumps({**index, "manifests": [entry]}))
    exported(folder, form("oci-dir"), [named(TWO, OTHER)], BLOBS)
    after = json.loads((folder / "index.json").read_bytes())
    assert after["annotations"] == {"by": "another"}
    assert after["manifests"][0] == entry


def test_a_damaged_blob_of_the_folder_is_wanted_again(tmp_path):
    folder = exported(tmp_path / "x", form("oci-dir"), [named(ONE, NAME)], BLOBS)
    layer = BOTH.images[0].blobs[1]
    damaged = folder / f"blobs/sha256/{layer.digest.hex}"
    good = damaged.read_bytes()
    damaged.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    exporter = OciDir(folder, silent)
    exporter.begin(Contents(images=(named(ONE, NAME),)))
    assert [blob.digest for blob in exporter.missing()] == [layer.digest]
    exporter.abort()
    exported(folder, form("oci-dir"), [named(ONE, NAME)], BLOBS)
    assert damaged.read_bytes() == good


@pytest.mark.skipif(sys.platform == "win32", reason="Windows syncs no folders")
def test_every_folder_that_leads_to_a_blob_is_synced_and_those_of_blobs_before_the_index(tmp_path, monkeypatch):
    folders = ["blobs/sha256", "blobs/sha512", "blobs", ".", ".."]
    target, layer = tmp_path / "x", b"a layer"
    synced: list[tuple[str, bool, bool]] = []
    digest = f"sha512:{hashlib.sha512(layer).hexdigest()}"
    manifest = json.loads(ONE.root.raw)
    manifest["layers"][0] |= {"digest": digest, "size": len(layer)}
    image = replace(ONE, root=Root(json.dumps(manifest).encode(), ONE.root.media_type))
    blobs, fsync = {**BLOBS, digest: layer}, os.fsync

    def noted(handle: int) -> None:
        fsync(handle)
        which = [name for name in folders if os.path.samestat(os.fstat(handle), (target / name).stat())]
        synced.extend((name, (target / "index.json").exists(), (target / ".part").exists()) for name in which)

    exporter = OciDir(target, silent)
    exporter.begin(Contents(images=(named(image, NAME),)))
    for blob in exporter.missing():
        exporter.region(blob).write(0, [blobs[str(blob.digest)]])
    (target / "blobs/sha512").mkdir(parents=True)
    (target / "blobs/sha256").mkdir()
    monkeypatch.setattr("os.fsync", noted)
    exporter.finish()
    assert synced == [*((name, False, True) for name in folders[:4]), (".", True, False), ("..", True, False)]


def test_what_is_given_up_leaves_a_folder_as_it_was(tmp_path):
    folder = exported(tmp_path / "x", form("oci-dir"), [named(ONE, NAME)], BLOBS)
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    for target in (folder, tmp_path / "new"):
        exporter = OciDir(target, silent)
        exporter.begin(Contents(images=(named(TWO, OTHER),)))
        exporter.region(exporter.missing()[0]).write(0, [b"half"])
        exporter.abort()
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before
    assert not (tmp_path / "new").exists()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    (tmp_path / ".part").mkdir()
    for name in (".part/mine", "letter"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(StorageError, match="no OCI layout"):
        exported(tmp_path, form("oci-dir"), [named(ONE, NAME)], BLOBS)
    assert names(tmp_path) == {".part/mine", "letter"}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"manifests": 1}', b"\xff"])
def test_an_index_that_cannot_be_read_is_not_replaced(tmp_path, content):
    (tmp_path / "oci-layout").write_text("{}")
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"index\.json"):
        exported(tmp_path, form("oci-dir"), [named(ONE, NAME)], BLOBS)
    assert (tmp_path / "index.json").read_bytes() == content


def test_a_folder_that_another_process_adds_to_is_left_alone(tmp_path):
    lock = FileLock.try_take(tmp_path / "index.json.lock")
    assert lock is not None
    with pytest.raises(StorageError, match="another process"):
        exported(tmp_path, form("oci-dir"), [named(ONE, NAME)], BLOBS)
    lock.release()
    exported(tmp_path, form("oci-dir"), [named(ONE, NAME)], BLOBS)


def test_an_artifact_is_kept_as_it_is(tmp_path):
    folder = exported(tmp_path / "x", form("oci-dir"), [named(artifact(), "r.io/chart:1", platform="")], BLOBS)
    assert images_of(folder) == {"r.io/chart:1": artifact().root.digest}
    assert {f"blobs/sha256/{digest[7:]}" for digest in artifact().blobs} < names(folder)


def test_stored_gzip_is_a_single_member(tmp_path):
    path = exported(tmp_path / "x", form("oci-archive", "gzip"), BOTH.images, BLOBS)
    with gzip.open(path) as file:
        assert len(file.read()) == size_of(BOTH, form("oci-archive", "none"))
