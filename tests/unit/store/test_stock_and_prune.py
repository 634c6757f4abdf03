"""What a cache has, what a prune takes, and what a verification finds."""

import json
import os
import time

import pytest

from dget.codec import FileLock
from dget.errors import StorageError
from dget.flow import Cancel, Counter
from dget.model import Descriptor, Digest
from dget.model.media_type import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST
from dget.store import Rules, Store, take_stock
from dget.store.prune import prune
from dget.store.verify import verify

NOW = time.time()
WEEK = 7 * 86_400


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "cache")


def keep(store, data: bytes, media_type: str = "x") -> Descriptor:
    store.blobs.add(Digest.of(data), data)
    return Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))


def plain(blob: Descriptor) -> dict[str, object]:
    return {"mediaType": blob.media_type, "digest": str(blob.digest), "size": blob.size}


def image(store, name: str, *layers: bytes, used: float = NOW, architecture: str = "amd64") -> Descriptor:
    config = keep(store, json.dumps({"architecture": architecture, "os": "linux", "of": name}).encode(), OCI_CONFIG)
    blobs = [plain(keep(store, layer, OCI_LAYER_GZIP)) for layer in layers]
    raw = json.dumps({"schemaVersion": 2, "config": plain(config), "layers": blobs}).encode()
    root = keep(store, raw, OCI_MANIFEST)
    store.refs.set(name, root, now=used)
    record = store.refs._path(name)
    os.utime(record, (used, used))
    return root


def names(store) -> list[str]:
    return sorted(ref.name for ref in store.refs.own())


def run(store, rules: Rules | None = None, *, dry_run: bool = False, now: float = NOW):
    return prune(store, rules or Rules(), now=now, dry_run=dry_run, wait=time.sleep)


def stock_of(store):
    return take_stock(store.folder, store.refs)


def has(store, data: bytes) -> bool:
    return bool(store.blobs.path(Digest.of(data)).exists())


def unfinished(store, data: bytes, *, size: int, touched: float) -> Descriptor:
    """What a killed pull leaves."""
    blob = Descriptor(digest=Digest.of(data), size=size)
    ingest = store.blobs.ingest(blob)
    ingest.region.write(0, [b"x" * 5_000])
    ingest.file.close()
    ingest._lock.release()
    part = next((store.folder / "ingest").glob(f"*{blob.digest.hex}.part"))
    part.with_suffix(".ledger").write_bytes(b"{}")
    os.utime(part, (touched, touched))
    return blob


def test_an_image_has_its_platforms_sizes_and_times(store):
    root = image(store, "a:1", b"layer", used=NOW - 500)
    (found,) = stock_of(store).images
    assert (found.name, found.root.digest, found.platforms, found.complete) == (
        "a:1",
        root.digest,
        ("linux/amd64",),
        True,
    )
    assert found.used == pytest.approx(NOW - 500)
    assert len(found.blobs) == 3


def test_an_index_counts_for_the_platforms_that_are_here(store):
    here = image(store, "a:1", b"layer")
    entry = {**plain(here), "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}
    absent = {**plain(here), "digest": str(Digest.of(b"absent")), "platform": {"os": "linux", "architecture": "386"}}
    index = keep(store, json.dumps({"schemaVersion": 2, "manifests": [entry, absent]}).encode(), OCI_INDEX)
    store.refs.set("b:1", index, now=NOW)
    found = next(one for one in stock_of(store).images if one.name == "b:1")
    assert (found.platforms, found.complete, len(found.blobs)) == (("linux/arm64",), True, 4)


def test_an_image_without_one_of_its_layers_is_not_complete(store):
    image(store, "a:1", b"layer")
    store.blobs.path(Digest.of(b"layer")).unlink()
    (found,) = stock_of(store).images
    assert not found.complete


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff" * 40, b'{"manifests": 5}', b'{"layers": []}'])
def test_a_garbled_manifest_is_an_image_of_nothing(store, garbage):
    root = image(store, "a:1", b"layer")
    store.blobs.path(root.digest).write_bytes(garbage)
    (found,) = stock_of(store).images
    assert (found.platforms, found.complete, found.blobs) == ((), False, {root.digest})


def test_an_index_that_names_itself_ends(store):
    root = image(store, "a:1", b"layer")
    raw = json.dumps({"schemaVersion": 2, "manifests": [plain(root)]}).encode()
    for _ in range(12):
        root = keep(store, raw, OCI_INDEX)
        raw = json.dumps({"schemaVersion": 2, "manifests": [plain(root)]}).encode()
    store.refs.set("deep:1", root, now=NOW)
    assert len(stock_of(store).images) == 2


def test_a_prune_takes_what_no_image_needs_and_keeps_the_images(store):
    image(store, "a:1", b"layer")
    keep(store, b"nobody's")
    done = run(store)
    assert (done.images, done.blobs, done.freed) == ((), 1, len(b"nobody's"))
    assert not has(store, b"nobody's")
    assert stock_of(store).images[0].complete


def test_a_dry_run_says_the_same_and_takes_nothing(store):
    image(store, "a:1", b"layer", used=NOW - 100)
    keep(store, b"nobody's")
    before = sorted(store.folder.rglob("*"))
    said = run(store, Rules(before=NOW - 50), dry_run=True)
    assert sorted(store.folder.rglob("*")) == before
    assert run(store, Rules(before=NOW - 50)) == said


def test_what_an_image_shares_stays_when_the_other_goes(store):
    image(store, "old:1", b"shared", b"old", used=NOW - 100)
    image(store, "new:1", b"shared", b"new")
    assert run(store, Rules(before=NOW - 50)).images == ("old:1",)
    assert (has(store, b"shared"), has(store, b"old"), has(store, b"new")) == (True, False, True)
    assert names(store) == ["new:1"]
    index = json.loads((store.folder / "index.json").read_bytes())
    assert len(index["manifests"]) == 1


def test_for_its_size_the_cache_loses_what_was_used_longest_ago(store):
    for place, name in enumerate(("a:1", "b:1", "c:1")):
        image(store, name, bytes([place]) * 10_000, used=NOW - 100 + place)
    store.refs.touch("a:1")
    run(store, Rules(max_size=22_000))
    assert names(store) == ["a:1", "c:1"]
    assert stock_of(store).size <= 22_000


def test_what_another_process_needs_stays_even_where_its_image_is_removed(store):
    image(store, "a:1", b"layer")
    other = Store.open(store.folder)
    with other.holds.run():
        other.blobs.need([Digest.of(b"layer")])
        assert run(store, Rules(named=lambda name: name == "a:1")).images == ("a:1",)
        assert has(store, b"layer")
    run(store)
    assert not has(store, b"layer")


def test_an_unfinished_download_waits_a_week_for_the_image_that_needs_it(store):
    image(store, "a:1", b"layer")
    store.blobs.path(Digest.of(b"layer")).unlink()
    unfinished(store, b"layer", size=5, touched=NOW - WEEK + 60)
    assert run(store).unfinished == 0
    assert run(store, now=NOW + 120).unfinished == 1
    assert list((store.folder / "ingest").iterdir()) == []


def test_an_unfinished_download_that_no_image_needs_goes_at_once(store):
    unfinished(store, b"nobody's", size=9, touched=NOW)
    assert run(store).unfinished == 1
    assert list((store.folder / "ingest").iterdir()) == []


def test_an_unfinished_download_of_a_blob_that_is_here_goes_at_once(store):
    image(store, "a:1", b"layer")
    unfinished(store, b"layer", size=5, touched=NOW)
    assert run(store).unfinished == 1
    assert has(store, b"layer")


def test_a_download_under_way_stays_whoever_needs_it(store):
    ingest = store.blobs.ingest(Descriptor(digest=Digest.of(b"coming"), size=6))
    ingest.region.write(0, [b"coming"])
    assert run(store, now=NOW + 10 * WEEK).unfinished == 0
    ingest.commit()
    assert has(store, b"coming")


def test_what_killed_processes_left_half_written_goes_after_an_hour_and_what_is_not_ours_stays(store):
    image(store, "a:1", b"layer")
    hexadecimal = "0" * 64
    ours = [
        store.folder / "ingest" / f"sha256-{hexadecimal}.0123456789abcdef",
        store.folder / "ingest" / f"sha256-{hexadecimal}.ledger",
        store.folder / "ingest" / f"sha256-{hexadecimal}.ledger.new",
        store.folder / "refs" / f"{hexadecimal}.json.0123456789abcdef",
        store.folder / "index.json.0123456789abcdef",
        store.folder / ".0123456789abcdef",
    ]
    theirs = [store.folder / "README", store.folder / "ingest" / "note", store.folder / "refs" / "note.json.old"]
    for path in (*ours, *theirs):
        path.write_bytes(b"")
        os.utime(path, (NOW, NOW))
    run(store)
    assert all(path.exists() for path in ours)
    run(store, now=NOW + 3_700)
    assert not [path for path in ours if path.exists()]
    assert all(path.exists() for path in theirs)


def test_the_lock_of_a_process_that_lives_is_left_alone(store):
    (store.folder / "ingest").mkdir()
    path = store.folder / "ingest" / f"sha256-{'0' * 64}.lock"
    lock = FileLock.try_take(path)
    assert lock is not None
    run(store, now=NOW + WEEK)
    assert path.exists()
    lock.release()


def test_a_record_that_cannot_be_read_goes(store):
    image(store, "a:1", b"layer")
    store.refs._path("a:1").write_bytes(b"{")
    run(store)
    assert list((store.folder / "refs").iterdir()) == []
    assert stock_of(store).sizes == {}


def test_a_record_that_cannot_be_read_goes_with_images_too(store):
    image(store, "a:1", b"layer")
    image(store, "b:1", b"layer")
    store.refs._path("a:1").write_bytes(b"{")
    assert run(store, Rules(max_size=0)).images == ("b:1",)
    assert list((store.folder / "refs").iterdir()) == []


def test_nothing_can_be_removed_from_a_read_only_cache(store):
    with pytest.raises(StorageError, match="read-only"):
        run(Store(store.folder, writable=False))


@pytest.mark.parametrize(
    "damage", [lambda data: data[::-1], lambda data: data[:-1], lambda data: data + b"x", lambda _: b""]
)
def test_a_verification_sets_damaged_blobs_aside_and_names_their_images(store, damage):
    image(store, "a:1", b"shared", b"one")
    image(store, "b:1", b"shared", b"two")
    path = store.blobs.path(Digest.of(b"shared"))
    path.write_bytes(damage(b"shared"))
    done = verify(store, started=lambda _: None, cancel=Cancel())
    (bad,) = done.bad
    assert (bad.digest, bad.images, done.blobs) == (Digest.of(b"shared"), ("a:1", "b:1"), 7)
    assert bad.aside is not None
    assert bad.aside.exists()
    assert not path.exists()
    assert verify(store, started=lambda _: None, cancel=Cancel()).bad == ()
    run(store)
    assert not bad.aside.exists()


def test_a_verification_moves_a_counter_for_each_blob(store):
    image(store, "a:1", b"x" * 3_000_000)
    counters: list[Counter] = []
    verify(store, started=counters.extend, cancel=Cancel())
    assert len(counters) == 3
    assert all(counter.here == counter.total for counter in counters)


def test_in_a_read_only_cache_damage_is_told_and_left(store):
    image(store, "a:1", b"layer")
    path = store.blobs.path(Digest.of(b"layer"))
    path.write_bytes(b"LAYER")
    (bad,) = verify(Store(store.folder, writable=False), started=lambda _: None, cancel=Cancel()).bad
    assert bad.aside is None
    assert path.exists()


def test_the_lock_of_an_index_whose_writer_was_killed_goes(store):
    image(store, "a:1", b"layer")
    (store.folder / "index.lock").write_bytes(b"4711")
    run(store)
    assert not (store.folder / "index.lock").exists()
