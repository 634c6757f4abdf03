"""Several caches: one is written, all are read."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dget.errors import StorageError
from dget.model import Descriptor, Digest
from dget.store import Store

DATA = b"some bytes"
BLOB = Descriptor(media_type="x", digest=Digest.of(DATA), size=len(DATA))


@pytest.fixture
def front(tmp_path) -> Path:
    """A cache that has a blob and a name."""
    store = Store.open(tmp_path / "front")
    store.blobs.add(BLOB.digest, DATA)
    store.refs.set("a:1", BLOB, now=5.0)
    return store.folder


@pytest.fixture
def read_only(front) -> Iterator[Path]:
    """The same, on a disk that takes nothing; root writes where permissions forbid it, so they are not enough."""
    if os.geteuid() != 0:
        for folder in (front, *front.rglob("*")):
            folder.chmod(folder.stat().st_mode & ~0o222)
        yield front
        for folder in (front, *front.rglob("*")):
            folder.chmod(folder.stat().st_mode | 0o200)
        return
    mounted = subprocess.run(["mount", "--bind", front, front], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"root cannot make a folder read-only here: {mounted.stderr.strip()}")
    subprocess.run(["mount", "-o", "remount,bind,ro", front], check=True)
    yield front
    subprocess.run(["umount", front], check=True)


def test_a_read_only_cache_is_read_and_nothing_is_written(read_only):
    store = Store.open(read_only)
    assert not store.writable
    assert store.blobs.read(BLOB) == DATA
    assert store.refs.get("a:1") is not None
    store.blobs.add(Digest.of(b"more"), b"more")
    store.refs.set("b:1", BLOB, now=6.0)
    store.refs.touch("a:1")
    with store.holds.run():
        store.blobs.need([BLOB.digest])
    assert store.refs.get("b:1") is None


def test_behind_a_read_only_cache_the_writable_one_is_written(read_only, tmp_path):
    store = Store.open(read_only, tmp_path / "own")
    assert (store.folder, list(store.behind)) == (tmp_path / "own", [read_only])
    assert store.blobs.read(BLOB) == DATA
    more = Descriptor(digest=Digest.of(b"more"), size=4)
    store.blobs.add(more.digest, b"more")
    assert store.blobs.read(more) == b"more"
    assert (tmp_path / "own" / "blobs" / "sha256" / more.digest.hex).exists()


def test_of_two_writable_ones_the_first_is_written(front, tmp_path):
    assert Store.open(tmp_path / "own", front).folder == tmp_path / "own"
    assert Store.open(front, tmp_path / "own").folder == front


def test_the_latest_record_of_a_name_counts(front, tmp_path):
    other = Descriptor(media_type="x", digest=Digest.of(b"other"), size=5)
    Store.open(tmp_path / "own").refs.set("a:1", other, now=9.0)
    for folders in ((tmp_path / "own", front), (front, tmp_path / "own")):
        found = Store.open(*folders).refs.get("a:1")
        assert found is not None
        assert found.digest == other.digest


def test_a_damaged_blob_of_a_folder_behind_is_left_there_and_not_looked_at_again(front, tmp_path):
    path = front / "blobs" / "sha256" / BLOB.digest.hex
    path.write_bytes(DATA[::-1])
    store = Store.open(tmp_path / "own", front)
    assert store.blobs.has(BLOB)
    assert store.blobs.read(BLOB) is None
    assert not store.blobs.has(BLOB)
    assert path.exists()
    store.blobs.add(BLOB.digest, DATA)
    assert store.blobs.read(BLOB) == DATA


def test_a_damaged_blob_of_a_read_only_cache_is_not_looked_at_again(read_only):
    store = Store.open(read_only)
    store.blobs.discard(BLOB.digest)
    assert not store.blobs.has(BLOB)


def test_a_folder_that_is_neither_writable_nor_a_cache_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="file"):
        Store.open(tmp_path / "file", tmp_path / "file" / "more")
