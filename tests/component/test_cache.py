"""The cache in a client's hands: shared by many, used alone, damaged, kept small."""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from dget import Client, PullResult, Settings
from dget.api import Cache
from dget.archive import check_archive
from dget.codec import SharedLock
from dget.errors import Cancelled, DgetError, NetworkError, NotFound, StorageError, UsageError
from dget.flow import Cancel, Event, Stage, TransferStarted, Warned
from dget.model import Descriptor, Digest
from dget.store import BlobStore
from tests.component.conftest import is_blob, noise, until

SMALL, LARGE = noise(1, 40_000), noise(2, 3_000_000)


@pytest.fixture
def image(registry):
    registry.index("app", "1", amd64=[SMALL, LARGE], arm64=[noise(3, 100)])
    return registry.name("app:1")


@pytest.fixture
def single(registry):
    """Its config is read on its own, before the layers."""
    registry.image("single", "1", SMALL, noise(4, 9_000))
    return registry.name("single:1")


@pytest.fixture
def offline(settings, events):
    with Client(replace(settings, offline=True), observer=events.append) as client:
        yield client


@pytest.fixture
def blobs(settings) -> Path:
    folder: Path = settings.cache_dirs[0] / "blobs" / "sha256"
    return folder


@pytest.fixture
def gate(registry):
    """The largest layer comes half, and the other half when the gate is opened."""
    half, opened = threading.Event(), threading.Event()

    def halved(data: bytes):
        yield data[: len(data) // 2]
        half.set()
        opened.wait(20)
        yield data[len(data) // 2 :]

    def fault(request, given):
        data = b"".join(given.body)
        return replace(given, body=halved(data) if is_blob(request) and len(data) > 1_000_000 else (data,))

    registry.fault = fault
    yield half, opened
    opened.set()


def pull(client, image, path, **more):
    return client.pull(image, platform="amd64", output=path, **more)


def progress_of(events):
    return next(event.progress for event in events if isinstance(event, TransferStarted))


# Shared by many.


def parts_asked(registry) -> list[tuple[str, str]]:
    """Which bytes of which blobs: on a busy machine a blob's rest may be shared among connections."""
    return [(path, wanted) for _, path, wanted in registry.asked if "/blobs/" in path]


@pytest.mark.parametrize("verify", [True, False])
def test_many_clients_at_once_fetch_each_blob_once(registry, settings, image, single, tmp_path, verify):
    start = threading.Barrier(8)

    def one(number: int) -> PullResult:
        with Client(replace(settings, verify_cache=verify)) as client:
            start.wait()
            done: PullResult = pull(client, (image, single)[number % 2], tmp_path / f"{number}.tar")
            return done

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(one, range(8)))
    # Not by requests: on a busy machine one client may ask twice for what a silent connection holds up.
    layers, configs = len(SMALL) + len(LARGE) + 9_000, 2 * 1_000
    assert layers <= sum(each.fetched for each in done) <= layers + configs
    archives = [each.path for each in done]
    for path in archives:
        check_archive(path)
        assert path.read_bytes() == archives[int(path.stem) % 2].read_bytes()


def test_who_waits_sees_progress_and_takes_the_blob_from_the_cache(registry, settings, image, gate, tmp_path):
    half, opened = gate
    waiting: list[Event] = []
    with ThreadPoolExecutor(2) as pool, Client(settings) as first, Client(settings, observer=waiting.append) as second:
        bringing = pool.submit(pull, first, image, tmp_path / "a.tar")
        assert half.wait(10)
        waiter = pool.submit(pull, second, image, tmp_path / "b.tar")
        until(lambda: any(isinstance(event, TransferStarted) for event in waiting))
        until(lambda: progress_of(waiting).here >= len(LARGE) // 3)
        assert progress_of(waiting).arrived == 0
        opened.set()
        assert bringing.result(20).fetched >= len(SMALL) + len(LARGE)
        assert waiter.result(20).fetched == 0
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    assert sorted(parts_asked(registry)) == sorted(set(parts_asked(registry)))


def test_who_waits_takes_over_from_one_that_was_stopped(settings, image, gate, tmp_path):
    half, opened = gate
    cancel = Cancel()
    with ThreadPoolExecutor(2) as pool, Client(settings) as first, Client(settings) as second:
        stopped = pool.submit(pull, first, image, tmp_path / "a.tar", cancel=cancel)
        assert half.wait(10)
        waiter = pool.submit(pull, second, image, tmp_path / "b.tar")
        until((tmp_path / "b.tar.part").exists)
        opened.set()
        cancel.cancel()
        with pytest.raises(Cancelled):
            stopped.result(20)
        check_archive(waiter.result(20).path)


def test_an_image_that_is_removed_while_it_is_pulled_is_pulled_well(settings, image, gate, tmp_path):
    half, opened = gate
    with ThreadPoolExecutor(1) as pool, Client(settings) as client:
        pulling = pool.submit(pull, client, image, tmp_path / "a.tar")
        assert half.wait(10)
        done = Cache(settings).prune([image])
        assert (done.images, done.blobs) == ((image,), 0)
        opened.set()
        check_archive(pulling.result(20).path)
    assert Cache(settings).prune().blobs >= 3


def test_what_a_pull_takes_from_the_cache_stays_there_until_it_ends(
    registry, settings, image, single, gate, blobs, tmp_path
):
    half, opened = gate
    with ThreadPoolExecutor(1) as pool, Client(settings) as client:
        pull(client, single, tmp_path / "s.tar")
        pulling = pool.submit(pull, client, image, tmp_path / "a.tar")
        assert half.wait(10)
        Cache(settings).prune([image, single])
        assert (blobs / Digest.of(SMALL).hex).exists()
        assert not (blobs / Digest.of(noise(4, 9_000)).hex).exists()
        opened.set()
        check_archive(pulling.result(20).path)
    Cache(settings).prune()
    assert list(blobs.iterdir()) == []


def test_a_prune_that_waits_for_a_pull_says_so_once(settings, client, image, events, tmp_path):
    pull(client, image, tmp_path / "a.tar")
    events.clear()
    (folder,) = settings.cache_dirs
    with ThreadPoolExecutor(1) as pool:
        # As a pull has it that finds no room for a list of what it needs.
        with SharedLock(folder / "guard").shared():
            pruning = pool.submit(Cache(settings, observer=events.append).prune, max_size=0)
            until(lambda: events)
            assert not pruning.done()
        assert pruning.result(10).images == (image,)
    (told,) = events
    assert isinstance(told, Stage)
    assert "waiting for" in told.text


# Alone.


def test_offline_an_image_comes_from_the_cache_and_its_age_is_said(registry, client, offline, image, events, tmp_path):
    first = pull(client, image, tmp_path / "a.tar")
    registry.asked.clear()
    second = pull(offline, image, tmp_path / "b.tar")
    assert registry.asked == []
    assert first.path.read_bytes() == second.path.read_bytes()
    said = [event.text for event in events if isinstance(event, Stage)]
    assert any("less than a minute ago" in text for text in said), said


def test_offline_a_digest_needs_no_name(client, offline, registry, image, tmp_path):
    digest = pull(client, image, tmp_path / "a.tar").digest
    result = pull(offline, f"{registry.name('app')}@{digest}", tmp_path / "b.tar")
    assert (result.digest, result.fetched) == (digest, 0)


def test_offline_the_age_is_that_of_the_last_look_up_and_use_is_noted(
    client, offline, settings, image, events, tmp_path
):
    pull(client, image, tmp_path / "a.tar")
    (record,) = (settings.cache_dirs[0] / "refs").iterdir()
    fields = json.loads(record.read_bytes())
    record.write_text(json.dumps({**fields, "resolved": fields["resolved"] - 3 * 86_400 - 60}))
    os.utime(record, (1_000, 1_000))
    pull(offline, image, tmp_path / "b.tar")
    assert any("3 days ago" in event.text for event in events if isinstance(event, Stage))
    (found,) = Cache(settings).usage().folders[0].images
    assert found.used - found.resolved > 3 * 86_400


@pytest.mark.parametrize("missing", ["all", "layer", "platform"])
def test_offline_what_is_not_there_is_told_and_nobody_is_asked(
    registry, client, offline, image, blobs, tmp_path, missing
):
    if missing != "all":
        pull(client, image, tmp_path / "a.tar")
    if missing == "layer":
        (blobs / Digest.of(LARGE).hex).unlink()
    registry.asked.clear()
    with pytest.raises(NotFound) as caught:
        offline.pull(image, platform="arm64" if missing == "platform" else "amd64", output=tmp_path / "b.tar")
    assert "--offline" in caught.value.message
    assert registry.asked == []
    assert not list(tmp_path.glob("b.tar*"))


def test_offline_a_damaged_blob_ends_the_pull_without_a_file(registry, client, offline, image, blobs, tmp_path):
    pull(client, image, tmp_path / "a.tar")
    path = blobs / Digest.of(LARGE).hex
    path.write_bytes(LARGE[::-1])
    registry.asked.clear()
    with pytest.raises(NetworkError, match="--offline"):
        pull(offline, image, tmp_path / "b.tar")
    assert registry.asked == []
    assert not (tmp_path / "b.tar").exists()


def test_offline_and_without_a_cache_exclude_each_other():
    with pytest.raises(UsageError, match="--no-cache"):
        Client(Settings(offline=True, cache=False))


# Several.


def test_a_second_cache_is_read_and_the_first_is_written(registry, client, settings, image, tmp_path):
    pull(client, image, tmp_path / "a.tar")
    both = replace(settings, cache_dir=(tmp_path / "own", *settings.cache_dirs))
    registry.image("more", "1", SMALL, noise(9, 500))
    registry.asked.clear()
    with Client(both) as second:
        assert pull(second, image, tmp_path / "b.tar").fetched == 0
        # Not even the manifest, which registries count.
        assert {method for method, path, _ in registry.asked if "/manifests/" in path} == {"HEAD"}
        assert pull(second, registry.name("more:1"), tmp_path / "c.tar").fetched == 500
    usage = Cache(both).usage()
    assert [(folder.path.name, len(folder.images)) for folder in usage.folders] == [("own", 2), ("cache", 1)]


# Damaged.


def swapped(blobs: Path) -> None:
    """Two blobs of one size have each other's bytes."""
    one, two = (blobs / Digest.of(data).hex for data in (noise(5, 9_000), noise(6, 9_000)))
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)


def garble_all_state(blobs: Path) -> None:
    for path in [*blobs.parents[1].glob("*.json"), *(blobs.parents[1] / "refs").iterdir()]:
        path.write_bytes(b"\x00\xff garbage {")


def garble_documents(blobs: Path) -> None:
    for path in blobs.iterdir():
        if path.stat().st_size < 5_000:
            path.write_bytes(path.read_bytes()[::-1])


def lose_all_blobs(blobs: Path) -> None:
    for path in blobs.iterdir():
        path.unlink()


def truncate_all_blobs(blobs: Path) -> None:
    for path in blobs.iterdir():
        os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [swapped, garble_all_state, garble_documents, lose_all_blobs, truncate_all_blobs])
def test_damage_is_found_when_used_healed_by_a_fetch_and_never_shipped(registry, client, blobs, tmp_path, damage):
    registry.image("pair", "1", noise(5, 9_000), noise(6, 9_000))
    image = registry.name("pair:1")
    right = pull(client, image, tmp_path / "a.tar").path.read_bytes()
    damage(blobs)
    assert pull(client, image, tmp_path / "b.tar").path.read_bytes() == right
    assert pull(client, image, tmp_path / "c.tar").fetched == 0
    assert Cache(Settings(cache_dir=blobs.parents[1], environment={})).verify().damaged == ()


# Kept small.


def test_after_a_pull_the_cache_keeps_to_its_size_and_the_new_image(registry, settings, image, tmp_path):
    registry.image("late", "1", noise(7, 50_000))
    with Client(replace(settings, cache_max_size=100_000)) as client:
        pull(client, image, tmp_path / "a.tar")
        pull(client, registry.name("late:1"), tmp_path / "b.tar")
    (folder,) = Cache(settings).usage().folders
    assert [one.name for one in folder.images] == [registry.name("late:1")]
    assert folder.size <= 100_000


def test_usage_says_what_each_image_shares_and_with_whom(registry, client, settings, image, single, tmp_path):
    pull(client, image, tmp_path / "a.tar")
    pull(client, single, tmp_path / "b.tar")
    found = {one.name: one for one in Cache(settings).usage().folders[0].images}
    assert {one.shared for one in found.values()} == {len(SMALL)}
    assert found[image].shared_with == (single,)
    assert found[image].own > len(LARGE)
    assert found[image].platforms == ("linux/amd64",)
    assert all(one.complete for one in found.values())


def test_a_name_that_is_not_there_is_told_and_a_pattern_takes_several(
    registry, client, settings, image, single, tmp_path
):
    pull(client, image, tmp_path / "a.tar")
    pull(client, single, tmp_path / "b.tar")
    with pytest.raises(NotFound, match="has no"):
        Cache(settings).prune([registry.name("nothing:1")])
    assert len(Cache(settings).prune([registry.name("*")], dry_run=True).images) == 2
    assert len(Cache(settings).usage().folders[0].images) == 2
    Cache(settings).prune([registry.name("*")])
    assert Cache(settings).usage().folders[0].size == 0


def test_a_cache_of_a_newer_dget_is_refused(registry, settings, image, tmp_path):
    settings.cache_dirs[0].mkdir()
    (settings.cache_dirs[0] / "dget.json").write_text('{"layout": 99}')
    with Client(settings) as client, pytest.raises(StorageError, match="layout 99"):
        pull(client, image, tmp_path / "a.tar")


def test_a_failure_to_keep_the_size_does_not_fail_the_pull(settings, image, events, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise StorageError("the disk says no")

    monkeypatch.setattr(Cache, "prune", refuse)
    with Client(replace(settings, cache_max_size=1), observer=events.append) as client:
        check_archive(pull(client, image, tmp_path / "a.tar").path)
    assert any("the disk says no" in event.text for event in events if isinstance(event, Warned))


def test_no_cache_has_nothing_to_show():
    with pytest.raises(DgetError, match="--no-cache"):
        Cache(Settings(cache=False, environment={})).usage()


def test_a_cache_needs_no_links_and_no_names_that_differ_in_case_alone(registry, client, settings, image, tmp_path):
    """So that it works on a disk that has neither, as of Windows, macOS, and many shares."""
    seen: list[str] = []

    def look(request, given):
        seen.extend(str(path) for path in settings.cache_dirs[0].rglob("*"))
        return given

    registry.fault = look
    pull(client, image, tmp_path / "a.tar")
    seen.extend(str(path) for path in settings.cache_dirs[0].rglob("*"))
    names = {name.removeprefix(str(settings.cache_dirs[0])) for name in seen}
    assert names == {name.lower() for name in names}
    assert not [name for name in names if set(name) & set('<>:"|?*\\')]
    files = [path for path in settings.cache_dirs[0].rglob("*") if path.is_file()]
    assert not [path for path in files if path.is_symlink() or path.stat().st_nlink != 1]


def test_a_document_that_a_hanging_process_brings_is_not_waited_for_longer_than_a_blob(registry, settings, tmp_path):
    registry.index("held", "1", amd64=[SMALL])
    manifest = Digest.of(registry.manifest([SMALL], "amd64"))
    held = BlobStore(settings.cache_dirs[0]).ingest(Descriptor(digest=manifest, size=1))
    assert held is not None
    begun = time.monotonic()
    with Client(replace(settings, timeout=1.0)) as client:
        pull(client, registry.name("held:1"), tmp_path / "x.tar")
    held.abandon()
    assert 2 <= time.monotonic() - begun < 30
