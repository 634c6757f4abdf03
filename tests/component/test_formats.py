"""From a registry into every form: with and without a cache, in order where the form wants it."""

import io
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from dget import Client, Settings
from dget.codec import FileLock
from dget.errors import Cancelled, IntegrityError, StorageError, Unauthorized, UsageError
from dget.flow import Cancel, Event, TransferStarted, Warned
from dget.model import Descriptor, Digest
from dget.model.media_type import OCI_MANIFEST
from dget.protocol.http import Request
from dget.store import BlobStore
from tests.component.conftest import is_blob, noise, with_body, with_status
from tests.parts.exports import unpacked

BASE, MIDDLE, TOP = noise(1, 3_000), noise(2, 300_000), noise(3, 5_000_000)
FORMS = [
    ("docker-archive", "none"),
    ("docker-archive", "gzip"),
    ("docker-archive", "gzip:1"),
    ("docker-archive", "zstd"),
    ("docker-legacy", "none"),
    ("docker-legacy", "gzip"),
    ("oci-archive", "none"),
    ("oci-archive", "zstd"),
]
SEQUENTIAL = [one for one in FORMS if one[0] == "docker-legacy" or one[1] in ("gzip:1", "zstd")]


@pytest.fixture
def image(registry):
    registry.index("app", "1", amd64=[BASE, MIDDLE, TOP], arm64=[noise(4, 100)])
    return registry.name("app:1")


@pytest.fixture
def bare():
    with Client(Settings(cache=False, timeout=5, environment={})) as client:
        yield client


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch) -> Path:
    """The system's folder for temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class ReaderOfBase(io.BytesIO):
    """A stream that tells when it has the base."""

    def __init__(self) -> None:
        super().__init__()
        self.has_base = threading.Event()

    def write(self, data: Any) -> int:
        count = super().write(data)
        if BASE in self.getvalue():
            self.has_base.set()
        return count


def is_for(layer: bytes, request: Request) -> bool:
    return is_blob(request) and request.url.endswith(Digest.of(layer).hex)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("kind", "compress"), FORMS)
def test_cache_or_not_file_or_stream_the_bytes_are_the_same(client, bare, image, tmp_path, temporary, kind, compress):
    wish = {"platform": "amd64", "format": kind, "compress": compress}
    (tmp_path / "out").mkdir()
    cold = client.pull(image, output=tmp_path / "out/cold", **wish)
    warm = client.pull(image, output=tmp_path / "out/warm", **wish)
    without = bare.pull(image, output=tmp_path / "out/without", **wish)
    stream = io.BytesIO()
    streamed = bare.pull(image, output=stream, **wish)
    assert cold.path.read_bytes() == warm.path.read_bytes() == without.path.read_bytes() == stream.getvalue()
    assert cold.size == streamed.size == len(stream.getvalue())
    assert (cold.format, cold.compression) == (kind, compress)
    assert (warm.fetched, warm.reused) == (0, cold.fetched + cold.reused)
    assert without.fetched == sum(map(len, (BASE, MIDDLE, TOP))) + client.plan(image, platform="amd64").config.size
    assert files(tmp_path / "out") == {"cold", "warm", "without"}
    assert files(temporary) == set()
    assert all(layer in unpacked(cold.path) for layer in (BASE, MIDDLE, TOP))


@pytest.mark.parametrize("how", ["cold", "warm", "without a cache"])
def test_a_folder_is_the_same_with_and_without_a_cache(client, bare, image, tmp_path, how):
    if how == "warm":
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    one = bare if how == "without a cache" else client
    done = one.pull(image, platform="amd64", format="oci-dir", output=tmp_path / "x")
    blobs = list((tmp_path / "x/blobs/sha256").iterdir())
    assert sum(path.stat().st_size for path in blobs) == done.size
    assert {BASE, MIDDLE, TOP} < {path.read_bytes() for path in blobs}
    assert {path.name for path in (tmp_path / "x").iterdir()} == {"blobs", "index.json", "oci-layout"}


def test_a_folder_that_another_process_fills_or_that_holds_other_things_stays_as_it_is(bare, image, tmp_path):
    for folder in ("busy", "foreign"):
        (tmp_path / folder / ".part").mkdir(parents=True)
        (tmp_path / folder / ".part/theirs").write_text("theirs")
    (tmp_path / "foreign/letter").write_text("theirs")
    lock = FileLock.try_take(tmp_path / "busy/index.json.lock")
    assert lock is not None
    for folder, why in (("busy", "another process"), ("foreign", "no OCI layout")):
        with pytest.raises(StorageError, match=why):
            bare.pull(image, platform="amd64", format="oci-dir", output=tmp_path / folder)
    lock.release()
    assert files(tmp_path / "busy") == {".part/theirs"}
    assert files(tmp_path / "foreign") == {".part/theirs", "letter"}


def test_a_folder_asks_for_what_it_lacks_alone(registry, bare, image, tmp_path):
    registry.image("other", "1", BASE, noise(9, 70))
    bare.pull(image, platform="amd64", format="oci-dir", output=tmp_path / "x")
    registry.asked.clear()
    done = bare.pull(registry.name("other:1"), platform="amd64", format="oci-dir", output=tmp_path / "x")
    assert str(Digest.of(BASE)) not in registry.blobs_asked()
    assert done.fetched < len(BASE)


def test_a_stream_starts_before_everything_has_arrived(registry, bare, image):
    stream = ReaderOfBase()

    def top_waits_for_the_reader(request, given):
        if is_for(TOP, request) and given.status in (200, 206):
            assert stream.has_base.wait(5)
        return given

    registry.fault = top_waits_for_the_reader
    bare.pull(image, platform="amd64", output=stream)
    assert TOP in stream.getvalue()


def test_what_was_fed_leaves_the_disk(registry, bare, image, temporary):
    seen: list[set[str]] = []

    class Reader(io.BytesIO):
        def write(self, data: Any) -> int:
            seen.append({Path(name).name for name in files(temporary) if "blobs" in name})
            return super().write(data)

    bare.pull(image, platform="amd64", output=Reader())
    whole = {path.rpartition("/")[2].removeprefix("sha256:") for path in registry.blobs_asked()}
    last = seen[-1] & whole
    assert last == set()
    assert any(one & whole for one in seen)


@pytest.mark.parametrize("cached", [True, False])
def test_a_reader_that_goes_away_ends_the_run_and_leaves_nothing_temporary(client, bare, image, temporary, cached):
    class Gone(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() > 100_000:
                raise BrokenPipeError(32, "Broken pipe")
            return super().write(data)

    with pytest.raises(StorageError, match="ended before it had all"):
        (client if cached else bare).pull(image, platform="amd64", output=Gone())
    assert list(temporary.iterdir()) == []


def test_a_run_that_is_stopped_while_its_reader_is_slow_ends_and_leaves_nothing_temporary(bare, image, temporary):
    cancel = Cancel()

    class Slow(io.BytesIO):
        def write(self, data: Any) -> int:
            cancel.cancel()
            return super().write(data)

    with pytest.raises(Cancelled):
        bare.pull(image, platform="amd64", output=Slow(), cancel=cancel)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(("kind", "compress"), SEQUENTIAL)
def test_a_failed_run_leaves_no_file_where_blobs_are_fed_in_order(registry, bare, image, tmp_path, kind, compress):
    def top_is_forbidden(request, given):
        return with_status(given, 403) if is_for(TOP, request) else given

    registry.fault = top_is_forbidden
    (tmp_path / "out").mkdir()
    with pytest.raises(Unauthorized):
        bare.pull(image, platform="amd64", format=kind, compress=compress, output=tmp_path / "out/x")
    assert files(tmp_path / "out") == set()


def test_a_damaged_blob_of_the_cache_is_fetched_again_before_it_is_fed(registry, client, events, image, tmp_path):
    whole = client.pull(image, platform="amd64", output=tmp_path / "x.tar.zst").path.read_bytes()
    for path in (tmp_path / "cache/blobs/sha256").iterdir():
        if path.read_bytes() == TOP:
            path.write_bytes(TOP[:-1] + bytes([TOP[-1] ^ 1]))
    again = client.pull(image, platform="amd64", output=tmp_path / "y.tar.zst")
    assert again.path.read_bytes() == whole
    assert again.fetched == len(TOP)
    assert any(isinstance(event, Warned) and "damaged" in event.text for event in events)


def test_a_damaged_blob_is_never_fed(registry, bare, image, tmp_path):
    stream = ReaderOfBase()

    def flipped(request, given):
        if not is_for(MIDDLE, request):
            return given
        assert stream.has_base.wait(10)
        return with_body(given, lambda body: bytes([body[0] ^ 1]) + body[1:])

    registry.fault = flipped
    with pytest.raises(IntegrityError):
        bare.pull(image, platform="amd64", output=stream)
    assert MIDDLE[1:] not in stream.getvalue()


def test_a_blob_that_a_hanging_process_holds_is_fetched_beside_it(client, bare, image, tmp_path):
    plan = client.plan(image, platform="amd64")
    store = BlobStore(tmp_path / "cache")
    top = plan.layers[-1]
    held = store.ingest(Descriptor(digest=Digest.parse(top.digest), size=top.size))
    assert held is not None
    with Client(Settings(cache_dir=tmp_path / "cache", timeout=2.0, environment={})) as hasty:
        done = hasty.pull(image, platform="amd64", output=tmp_path / "x.tar.zst")
    assert done.path.read_bytes() == bare.pull(image, platform="amd64", output=tmp_path / "y.tar.zst").path.read_bytes()
    held.abandon()
    assert not (tmp_path / "x.tar.zst.part.blobs").exists()


def test_an_unverified_cache_is_fed_as_it_is(client, image, tmp_path):
    first = client.pull(image, platform="amd64", output=tmp_path / "x.tar.zst").path.read_bytes()
    settings = Settings(cache_dir=tmp_path / "cache", verify_cache=False, environment={})
    with Client(settings) as trusting:
        again = trusting.pull(image, platform="amd64", output=tmp_path / "y.tar.zst")
    assert (again.fetched, again.path.read_bytes()) == (0, first)


@pytest.mark.parametrize(("kind", "name"), [("oci-archive", "x.tar"), ("oci-archive", "x.tar.gz"), ("oci-dir", "x")])
def test_what_arrived_before_a_run_was_stopped_is_not_fetched_again(registry, image, tmp_path, kind, name):
    events: list[Event] = []
    cancel = Cancel()

    def top_comes_last_and_ends_the_run(request, given):
        if is_for(TOP, request):
            progress = next(event.progress for event in events if isinstance(event, TransferStarted))
            while progress.total - progress.here > len(TOP):
                time.sleep(0.01)
            cancel.cancel()
        return given

    registry.fault = top_comes_last_and_ends_the_run
    with Client(Settings(cache=False, timeout=5, environment={}), observer=events.append) as client:
        with pytest.raises(Cancelled):
            client.pull(image, platform="amd64", format=kind, output=tmp_path / name, cancel=cancel)
        registry.fault = lambda request, given: given
        registry.asked.clear()
        done = client.pull(image, platform="amd64", format=kind, output=tmp_path / name)
    assert done.reused >= len(BASE) + len(MIDDLE)
    assert str(Digest.of(MIDDLE)) not in registry.blobs_asked()


def test_another_format_does_not_go_on_from_an_unfinished_file(bare, image, tmp_path):
    other = bare.pull(image, platform="amd64", format="oci-archive", output=tmp_path / "whole.tar").path.read_bytes()
    part = tmp_path / "x.tar.part"
    part.write_bytes(other[:100])
    (tmp_path / "x.tar.part.ledger").write_text(json.dumps({"identity": "another", "blobs": {}}))
    done = bare.pull(image, platform="amd64", format="oci-archive", output=tmp_path / "x.tar")
    assert done.path.read_bytes() == other


def test_a_kept_index_keeps_the_digest_that_the_tag_has(registry, client, image, tmp_path):
    root = client.plan(image, platform="amd64").root_digest
    done = client.pull(image, platform="amd64", format="oci-dir", keep_index=True, output=tmp_path / "x")
    (entry,) = json.loads((tmp_path / "x/index.json").read_bytes())["manifests"]
    assert entry["digest"] == root != done.digest
    assert (tmp_path / "x/blobs/sha256" / root[7:]).is_file()


def test_the_plan_tells_the_size_where_it_can_be_known(client, image, tmp_path):
    for kind, compress in FORMS:
        plan = client.plan(image, platform="amd64", format=kind, compress=compress, output=tmp_path / "x")
        done = client.pull(image, platform="amd64", format=kind, compress=compress, output=tmp_path / "x")
        assert plan.archive_size == (None if (kind, compress) in SEQUENTIAL else done.size)
    folder = client.plan(image, platform="amd64", format="oci-dir", output=tmp_path / "dir")
    assert folder.archive == tmp_path / "dir"


def test_a_form_that_does_not_exist_is_refused_before_anything_is_asked(registry, client, image):
    for wish in ({"format": "rar"}, {"compress": "xz"}, {"output": "x.zip"}, {"format": "oci-dir", "output": "x.tar"}):
        with pytest.raises(UsageError):
            client.pull(image, **wish)
    assert registry.asked == []


def test_a_stream_is_handed_over_open_and_not_by_name(client, image):
    with pytest.raises(UsageError, match="open"):
        client.pull(image, platform="amd64", output="-")


def test_a_name_that_says_another_compression_is_told(client, events, image, tmp_path):
    client.pull(image, platform="amd64", compress="gzip", output=tmp_path / "x.tar")
    assert any(isinstance(event, Warned) and "not named like" in event.text for event in events)


def test_a_legacy_archive_whose_layer_is_not_what_its_config_says_is_refused(registry, client, tmp_path):
    manifest = json.loads(registry.manifest([BASE, MIDDLE], "amd64"))
    manifest["layers"].reverse()
    registry.content.add_manifest("app", json.dumps(manifest).encode(), OCI_MANIFEST, "1")
    (tmp_path / "out").mkdir()
    with pytest.raises(IntegrityError, match="config says"):
        client.pull(registry.name("app:1"), platform="amd64", format="docker-legacy", output=tmp_path / "out/x.tar")
    assert files(tmp_path / "out") == set()
