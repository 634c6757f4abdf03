"""What the cache keeps."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from dget.errors import StorageError
from dget.model import Descriptor, Digest
from dget.store import Store

DATA = b"some bytes"
BLOB = Descriptor(media_type="x", digest=Digest.of(DATA), size=len(DATA))


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "cache")


def test_many_may_add_the_same_blob_at_once(tmp_path):
    store = Store.open(tmp_path)
    data = b"many times"
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(store.blobs.add, Digest.of(data), data) for _ in range(200)]:
            done.result()
    assert list((tmp_path / "ingest").iterdir()) == []


def test_a_committed_blob_is_there_and_an_abandoned_one_is_not(store):
    ingest = store.blobs.ingest(BLOB)
    ingest.region.write(0, [DATA])
    assert not store.blobs.has(BLOB)
    ingest.abandon()
    assert not store.blobs.has(BLOB)
    ingest = store.blobs.ingest(BLOB)
    ingest.region.write(0, [DATA])
    ingest.commit()
    assert store.blobs.read(BLOB) == DATA


def test_a_blob_arrives_once_at_a_time(store):
    ingest = store.blobs.ingest(BLOB)
    assert store.blobs.ingest(BLOB) is None
    ingest.abandon()
    again = store.blobs.ingest(BLOB)
    assert again is not None
    again.abandon()


def test_a_download_that_cannot_begin_holds_no_lock(store):
    """A process that goes on must not be kept out by itself."""
    blob = Descriptor(digest=Digest.of(b"layer"), size=5)
    part = store.folder / "ingest" / f"sha256-{blob.digest.hex}.part"
    part.mkdir(parents=True)
    with pytest.raises(StorageError):
        store.blobs.ingest(blob)
    part.rmdir()
    ingest = store.blobs.ingest(blob)
    assert ingest is not None
    ingest.abandon()
    assert list((store.folder / "ingest").iterdir()) == []


@pytest.mark.parametrize("damage", [DATA[:-1], DATA[::-1], b""])
def test_damaged_bytes_are_not_read_and_not_kept(store, damage):
    store.blobs.add(BLOB.digest, DATA)
    store.blobs.path(BLOB.digest).write_bytes(damage)
    assert store.blobs.read(BLOB) is None
    store.blobs.add(BLOB.digest, DATA)
    assert store.blobs.read(BLOB) == DATA


def test_names_are_remembered_and_stand_in_the_index(store):
    name = "docker.io/library/" + "x" * 300 + ":1"
    store.refs.set(name, BLOB, now=5.0)
    ref = store.refs.get(name)
    assert ref is not None
    assert (ref.descriptor.digest, ref.resolved) == (BLOB.digest, 5.0)
    assert store.refs.get("docker.io/library/y:1") is None
    index = json.loads((store.folder / "index.json").read_bytes())
    assert [entry["annotations"]["io.containerd.image.name"] for entry in index["manifests"]] == [name]


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"name": 5}', b"\xff\xfe"])
def test_a_garbled_record_is_as_none(store, garbage):
    store.refs.set("a:1", BLOB, now=5.0)
    for record in (store.folder / "refs").iterdir():
        record.write_bytes(garbage)
    assert store.refs.get("a:1") is None
    assert store.refs.all() == []


def test_a_folder_that_another_process_is_making_is_no_read_only_one(tmp_path):
    (tmp_path / "oci-layout").write_bytes(b"{}")
    (tmp_path / "blobs").mkdir()
    assert Store.open(tmp_path).writable


def test_a_folder_that_cannot_be_used_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError) as caught:
        Store.open(tmp_path / "file")
    assert "--no-cache" in (caught.value.hint or "")
