"""Listing, printing and copying files of an image at a registry."""

import gzip
import json
import os
import stat
import sys
import tempfile

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.codec import FileLock
from dget.errors import Cancelled, IntegrityError, NotFound, StorageError, Unsupported, UsageError
from dget.flow import Cancel, Warned
from dget.model import Digest
from dget.model.media_type import OCI_MANIFEST
from tests.component.conftest import is_blob, noise, with_body
from tests.parts.trees import TIME, LayerMaker

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class Sink:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


BIG = noise(7, 3_000_000)
BASE = gzip.compress(
    LayerMaker()
    .folder("etc")
    .add("etc/text", b"base")
    .add("etc/gone", b"gone")
    .folder("bin")
    .add("bin/tool", BIG, mode=0o755)
    .hardlink("bin/alias", "bin/tool")
    .add("pipe", kind=b"6")
    .done(),
    1,
)
MIDDLE = zstd.compress(LayerMaker().folder("etc").add("etc/text", b"middle").add("etc/.wh.gone").done())
TOP = gzip.compress(LayerMaker().symlink("link", "../../etc/text").add("top", b"top", mode=0o600).done(), 1)
LAYERS = [BASE, MIDDLE, TOP]
DIGESTS = [str(Digest.of(layer)) for layer in LAYERS]


@pytest.fixture
def image(registry) -> str:
    registry.image("app", "1", *LAYERS)
    name: str = registry.name("app:1")
    return name


@pytest.fixture
def asked(registry, image):
    """Numbers of the layers that were asked for, in order, each once."""
    return lambda: list(dict.fromkeys(DIGESTS.index(blob) for blob in registry.blobs_asked() if blob in DIGESTS))


def read(client: Client, image: str, path: str) -> bytes:
    sink = Sink()
    assert client.read_file(image, path, sink, platform="amd64") == len(sink.data)
    return sink.data


def test_a_file_of_the_topmost_layer_costs_that_layer_alone(client, image, asked):
    assert read(client, image, "/top") == b"top"
    assert asked() == [2]


def test_a_symlink_leads_to_the_file_and_no_further_down_than_needed(client, image, asked):
    assert read(client, image, "link") == b"middle"
    assert asked() == [2, 1]


def test_a_whiteout_says_not_found_without_the_layers_below(client, image, asked):
    with pytest.raises(NotFound, match="etc/gone") as caught:
        read(client, image, "etc/gone")
    assert caught.value.exit_status == 3
    assert asked() == [2, 1]


def test_a_hard_link_has_the_bytes_of_its_file(client, image):
    assert read(client, image, "bin/alias") == BIG


def test_what_was_read_once_is_not_asked_for_again(client, image, registry):
    read(client, image, "bin/tool")
    registry.asked.clear()
    assert read(client, image, "bin/tool") == BIG
    assert registry.blobs_asked() == []


def test_without_a_cache_nothing_stays(image, registry, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Client(Settings(cache=False, timeout=5, environment={})) as client:
        assert read(client, image, "link") == b"middle"
        with pytest.raises(NotFound):
            read(client, image, "nothing")
    assert list(tmp_path.iterdir()) == []


def test_of_a_layer_with_a_wrong_byte_nothing_is_sent(client, image, registry):
    registry.fault = lambda request, given: (
        with_body(given, lambda body: body[:-1] + bytes([body[-1] ^ 1]))
        if is_blob(request) and DIGESTS[0] in request.url
        else given
    )
    sink = Sink()
    with pytest.raises(IntegrityError):
        client.read_file(image, "bin/tool", sink, platform="amd64")
    assert sink.data == b""


def test_a_damaged_copy_in_the_cache_is_fetched_again(client, image, registry, settings, events):
    read(client, image, "top")
    path = settings.cache_dirs[0] / "blobs" / "sha256" / DIGESTS[2].removeprefix("sha256:")
    path.write_bytes(bytes(len(TOP)))
    assert read(client, image, "top") == b"top"
    assert any(isinstance(event, Warned) and "damaged" in event.text for event in events)
    assert path.read_bytes() == TOP


def test_a_layer_that_a_hanging_process_holds_is_read_all_the_same(image, settings):
    folder = settings.cache_dirs[0] / "ingest"
    folder.mkdir(parents=True)
    lock = FileLock.try_take(folder / f"{DIGESTS[0].replace(':', '-')}.lock")
    assert lock is not None
    with Client(replace(settings, timeout=2.0)) as client:
        assert read(client, image, "bin/tool") == BIG
    lock.release()


def test_a_layer_that_is_no_tar_is_an_error_of_its_own(client, registry):
    registry.image("odd", "1", noise(1, 5000))
    with pytest.raises(IntegrityError, match=r"layer 1 .* is no whole tar"):
        client.files(registry.name("odd:1"), platform="amd64")


def test_layers_with_annotations_and_one_layer_twice_are_read(client, registry):
    manifest = json.loads(registry.manifest([TOP, TOP], "amd64"))
    for layer in manifest["layers"]:
        layer["annotations"] = {"containerd.io/snapshot/stargz/toc.digest": "sha256:0"}
    registry.content.add_manifest("noted", json.dumps(manifest).encode(), OCI_MANIFEST, "1")
    assert read(client, registry.name("noted:1"), "top") == b"top"
    assert len(client.files(registry.name("noted:1"), platform="amd64").files) == 2


def test_a_hostile_image_is_refused_before_anything_is_written(client, registry, tmp_path):
    registry.image("evil", "1", LayerMaker().folder("a").add("a/x", b"x").add("a/../../evil", b"evil").done())
    name = registry.name("evil:1")
    for call in (
        lambda: client.files(name, platform="amd64"),
        lambda: client.copy(name, "a", tmp_path / "copy", platform="amd64"),
    ):
        with pytest.raises(Unsupported, match="refused") as caught:
            call()
        assert caught.value.exit_status == 10
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_stopped_call_sends_nothing(client, image):
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        client.read_file(image, "top", Sink(), platform="amd64", cancel=cancel)


@pytest.mark.parametrize(("path", "kind"), [("etc", "directory"), ("/", "directory"), ("pipe", "fifo")])
def test_only_files_are_printed(client, image, path, kind):
    with pytest.raises(UsageError, match=kind):
        read(client, image, path)


def test_the_list_is_what_a_container_sees_with_the_layer_of_each_file(client, image):
    found = {file.path: file for file in client.files(image, platform="amd64").files}
    assert {path: file.layer for path, file in found.items()} == {
        "/bin": 1,
        "/bin/alias": 1,
        "/bin/tool": 1,
        "/etc": 2,
        "/etc/text": 2,
        "/link": 3,
        "/pipe": 1,
        "/top": 3,
    }
    assert (found["/link"].kind, found["/link"].target) == ("symlink", "../../etc/text")
    assert (found["/bin/tool"].size, found["/bin/tool"].mode) == (len(BIG), 0o755)
    assert found["/top"].modified == "2020-09-13T12:26:40Z"


def test_a_list_may_begin_anywhere(client, image):
    assert [file.path for file in client.files(image, "etc/", platform="amd64").files] == ["/etc", "/etc/text"]
    assert [file.path for file in client.files(image, "/link", platform="amd64").files] == ["/etc/text"]
    with pytest.raises(NotFound):
        client.files(image, "/etc/text/x", platform="amd64")


def test_each_layer_is_listed_with_what_it_takes_away(client, image):
    layers = client.layer_files(image, "etc", platform="amd64").layers
    assert [layer.digest for layer in layers] == DIGESTS
    assert [(file.path, file.kind) for file in layers[1].files] == [
        ("/etc", "directory"),
        ("/etc/text", "file"),
        ("/etc/gone", "whiteout"),
    ]
    assert layers[2].files == ()


def test_a_copied_file_has_its_mode_and_time(client, image, tmp_path):
    result = client.copy(image, "/top", tmp_path / "copy", platform="amd64")
    status = (tmp_path / "copy").stat()
    assert (tmp_path / "copy").read_bytes() == b"top"
    assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o600, TIME)
    assert (result.target, result.files, result.size) == (tmp_path / "copy", 1, 3)
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["copy"]


def test_into_a_folder_it_goes_under_its_own_name(client, image, tmp_path):
    (tmp_path / "there").mkdir()
    assert client.copy(image, "link", tmp_path / "there", platform="amd64").target == tmp_path / "there" / "link"
    assert (tmp_path / "there" / "link").read_bytes() == b"middle"
    assert not (tmp_path / "there" / "link").is_symlink()
    assert client.copy(image, "etc/..", f"{tmp_path}/new/", platform="amd64").target == tmp_path / "new" / "app"
    assert (tmp_path / "new" / "app" / "top").read_bytes() == b"top"


def test_a_symlink_at_the_target_is_replaced_and_not_followed(client, image, tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "copy").symlink_to(tmp_path / "precious")
    client.copy(image, "top", tmp_path / "copy", platform="amd64")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "copy").is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="folders are unpacked by openat")
def test_a_copied_folder_is_whole_and_never_mixed_with_another(client, image, tmp_path):
    result = client.copy(image, "bin", tmp_path / "tools", platform="amd64")
    assert (result.files, result.size) == (1, len(BIG))
    assert (tmp_path / "tools" / "tool").read_bytes() == BIG
    assert (tmp_path / "tools" / "tool").stat().st_nlink == 2
    (tmp_path / "other" / "bin").mkdir(parents=True)
    (tmp_path / "other" / "bin" / "mine").write_text("mine")
    with pytest.raises(StorageError, match="is there already"):
        client.copy(image, "etc/../bin", tmp_path / "other", platform="amd64")
    assert [path.name for path in (tmp_path / "other" / "bin").iterdir()] == ["mine"]


def test_a_device_or_pipe_is_not_copied_alone(client, image, tmp_path):
    with pytest.raises(UsageError, match="fifo"):
        client.copy(image, "pipe", tmp_path / "x", platform="amd64")
    assert not (tmp_path / "x").exists()


def test_unverified_reading_of_the_cache_is_the_persons_choice(settings, image, events):
    unverified = replace(settings, verify_cache=False)
    with Client(unverified, observer=events.append) as client:
        assert read(client, image, "top") == b"top"
        assert read(client, image, "top") == b"top"
