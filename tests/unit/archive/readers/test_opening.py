"""Which image a word means in a file, and what of it is taken on trust: nothing."""

import gzip
import json
import lzma
import tarfile
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.archive.readers import FileImage, holds_image, image_names, open_image
from dget.errors import DamagedFile, DgetError, NotFound, StorageError, Unsupported, UsageError
from dget.flow import Cancel, silent
from dget.model import Descriptor, Digest, FileLocator, Index, Manifest, parse_locator
from dget.model import media_type as kinds
from tests.parts.archives import Link, Members, changed_json, classic, combined, config_of, layers_of, layout, tar_of
from tests.parts.images import DOCKER, OCI, Image, index, layer, single


def image(text: str, platform: str = "linux/amd64") -> Image:
    return single(OCI, platform, [layer({"base": b"shared"}), layer({"text": text.encode()})])


ONE, TWO = image("one"), image("two")
NAME = "docker.io/library/app:1"


@pytest.fixture
def files_of_4_kb():
    """The system takes no more of any file, as where the disk of temporary files is full."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def located(text: str) -> FileLocator:
    locator = parse_locator(text, holds_image=holds_image)
    assert isinstance(locator, FileLocator)
    return locator


def endless_number() -> bytes:
    """A tar whose extended header is 900,000 digits."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 900_000
    return header.tobuf(tarfile.USTAR_FORMAT) + b"1" * 900_000 + bytes(2048)


class Collected:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes | memoryview) -> None:
        self.data += data


class Opened:
    """A function that opens the image which a word means, and closes its file in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: list[AbstractContextManager[FileImage]] = []

    def __call__(self, members: Members | bytes, selector: str = "", prefix: str = "") -> FileImage:
        path = self.folder / "x.tar"
        path.write_bytes(members if isinstance(members, bytes) else tar_of(members))
        locator = located(f"{prefix}{path}{selector}")
        context = open_image(locator, cancel=Cancel(), observer=silent)
        found = context.__enter__()
        self.open.append(context)
        return found


@pytest.fixture
def opened(tmp_path):
    opener = Opened(tmp_path)
    yield opener
    for context in opener.open:
        context.__exit__(None, None, None)


def blob(found: FileImage, descriptor: Descriptor, *, start: int = 0, stop: int | None = None) -> bytes:
    sink = Collected()
    found.read_blob(descriptor, sink, start=start, stop=stop)
    return sink.data


@pytest.mark.parametrize("prefix", ["", "oci-archive:", "docker-archive:"])
def test_an_archive_that_has_the_manifest_gives_it_byte_for_byte(opened, prefix):
    found = opened(combined([(NAME, ONE)]), prefix=prefix)
    assert found.resolve().raw == ONE.root.raw
    assert found.names == (NAME,)
    for descriptor in found.root.value.layers:
        assert blob(found, descriptor) == ONE.blobs[str(descriptor.digest)]
        assert blob(found, descriptor, start=5, stop=9) == ONE.blobs[str(descriptor.digest)][5:9]
    assert found.small_blob(found.root.value.config) == ONE.blobs[config_of(ONE)]


def test_a_docker_archive_without_a_manifest_gets_one_whose_layers_are_those_that_the_config_names(opened):
    found = opened(classic([("app:1", ONE)]))
    manifest = found.resolve()
    diff_ids = json.loads(ONE.blobs[config_of(ONE)])["rootfs"]["diff_ids"]
    assert found.names == (NAME,)
    assert [str(one.digest) for one in manifest.value.layers] == diff_ids
    assert {one.media_type for one in manifest.value.layers} == {kinds.DOCKER_LAYER}
    assert str(manifest.value.config.digest) == config_of(ONE)
    for descriptor in manifest.value.layers:
        assert Digest.of(blob(found, descriptor)) == descriptor.digest
    assert found.document(manifest.descriptor).raw == manifest.raw


def test_packed_layers_of_a_docker_archive_keep_their_bytes(opened):
    found = opened(classic([("app:1", ONE)], packed=True))
    assert [str(one.digest) for one in found.root.value.layers] == layers_of(ONE)
    assert {one.media_type for one in found.root.value.layers} == {kinds.DOCKER_LAYER_GZIP}


def test_a_packed_layer_that_unpacks_to_something_else_is_damage(opened):
    members = classic([("app:1", ONE)], packed=True)
    members[f"{layers_of(ONE)[1][7:]}/layer.tar"] = gzip.compress(layer({"other": b""}))
    with pytest.raises(DamagedFile, match="unpacks to"):
        opened(members)


@pytest.mark.parametrize("hard", [False, True])
def test_layers_may_be_links_to_others(opened, hard):
    members = classic([("app:1", ONE)])
    place = f"{layers_of(ONE)[0][7:]}/layer.tar"
    members["elsewhere/layer.tar"] = members.pop(place)
    linked = {place: Link("elsewhere/layer.tar" if hard else "../elsewhere/layer.tar", hard)}
    found = opened({**members, **linked})
    assert Digest.of(blob(found, found.root.value.layers[0])) == found.root.value.layers[0].digest


SEVERAL = {**combined([(NAME, ONE), ("quay.io/a/tool:2", TWO)])}


@pytest.mark.parametrize("prefix", ["", "docker-archive:"])
@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        (":app:1", ONE),
        (f":{NAME}", ONE),
        (":quay.io/a/tool:2", TWO),
        (":2", TWO),
        (":@0", ONE),
        (":@1", TWO),
    ],
)
def test_one_of_several_is_chosen_by_name_tag_or_place(opened, prefix, selector, wanted):
    assert opened(SEVERAL, selector, prefix).root.raw == wanted.root.raw


def test_one_of_several_is_chosen_by_its_digest(opened):
    assert opened(SEVERAL, f"@{TWO.root.digest}").root.raw == TWO.root.raw
    assert opened(classic([("a:1", ONE), ("b:1", TWO)]), f"@{config_of(TWO)}").names == ("docker.io/library/b:1",)


def test_a_platforms_manifest_is_found_by_its_digest_behind_an_index(opened):
    both = index(OCI, {"linux/amd64": ONE, "linux/arm64": image("arm", "linux/arm64")})
    assert opened(layout([(NAME, both)]), f"@{ONE.root.digest}").root.raw == ONE.root.raw


def test_without_a_choice_the_images_are_listed(opened):
    with pytest.raises(UsageError, match=r"holds 2 images: .*app:1; quay.io/a/tool:2") as caught:
        opened(SEVERAL)
    assert NAME in str(caught.value.hint)
    with pytest.raises(NotFound, match="it holds"):
        opened(SEVERAL, ":app:3")
    with pytest.raises(NotFound):
        opened(SEVERAL, ":@2")
    with pytest.raises(NotFound):
        opened(SEVERAL, f"@sha256:{'0' * 64}")


def test_several_names_of_one_image_are_one_image_with_all_of_them(opened):
    members = combined([(NAME, ONE), ("docker.io/library/app:latest", ONE)])
    assert opened(members).names == (NAME, "docker.io/library/app:latest")
    assert opened(members, ":latest").names == ("docker.io/library/app:latest",)


def test_platforms_side_by_side_are_one_image(opened):
    arm = image("arm", "linux/arm64")
    for name in (NAME, None):
        found = opened(layout([(name, ONE), (name, arm)], platforms=["amd64", "arm64"]))
        assert isinstance(found.root.value, Index)
        assert [str(entry.digest) for entry in found.root.value.manifests] == [ONE.root.digest, arm.root.digest]


def test_of_an_index_the_file_may_hold_a_part(opened):
    arm = image("arm", "linux/arm64")
    members = layout([(NAME, index(OCI, {"linux/amd64": ONE, "linux/arm64": arm}))])
    del members[f"blobs/sha256/{arm.root.digest[7:]}"]
    found = opened(members)
    assert [found.holds(entry) for entry in found.root.value.manifests] == [True, False]


def test_an_image_without_a_name_is_called_after_its_file(opened, tmp_path):
    assert opened(layout([(None, ONE)])).names == ("localhost/x:latest",)
    assert opened(layout([("v1", ONE)])).names == ("localhost/x:v1",)
    assert opened(classic([(None, ONE)])).names == ("localhost/x:latest",)


def test_an_image_with_tags_alone_has_a_name_for_each(opened):
    members = layout([("v1", ONE), ("v2", ONE)])
    assert opened(members).names == ("localhost/x:v1", "localhost/x:v2")
    assert opened(members, ":v2").names == ("localhost/x:v2",)


def test_docker_and_oci_images_of_a_folder(tmp_path):
    folder = tmp_path / "layout"
    for name, content in layout([("v1", single(DOCKER, "amd64", [layer({"a": b"b"})]))]).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert holds_image(str(folder))
    locator = located(f"oci:{folder}:v1")
    with open_image(locator, cancel=Cancel(), observer=silent) as found:
        assert isinstance(found.root.value, Manifest)
        assert blob(found, found.root.value.layers[0])
        assert found.root.descriptor.media_type == kinds.DOCKER_MANIFEST
    assert image_names(locator, cancel=Cancel(), observer=silent) == ["localhost/layout:v1"]


def test_a_link_out_of_a_folder_is_refused(tmp_path):
    folder, secret = tmp_path / "layout", tmp_path / "secret"
    for name, content in layout([("v1", ONE)]).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    config = folder / "blobs/sha256" / config_of(ONE)[7:]
    secret.write_bytes(config.read_bytes())
    config.unlink()
    config.symlink_to(secret)
    locator = located(f"oci:{folder}")
    with open_image(locator, cancel=Cancel(), observer=silent) as found:
        assert isinstance(found.root.value, Manifest)
        descriptor = found.root.value.config
        with pytest.raises(DamagedFile, match="leads outside"):
            found.small_blob(descriptor)


def without(members: Members, name: str) -> Members:
    return {other: content for other, content in members.items() if other != name}


CLASSIC = classic([("app:1", ONE)])
LAYOUT = layout([(NAME, ONE)])
MANIFEST_PLACE = f"blobs/sha256/{ONE.root.digest[7:]}"
DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (tar_of(LAYOUT)[: tar_of(LAYOUT).index(b'"manifests"')], "cut|no whole tar"),
        (tar_of(LAYOUT)[:1000], "cut|no whole tar"),
        # tarfile alone would search these digits for hours.
        (endless_number(), "a number without end"),
        (b"\1" * 2000, "no whole tar"),
        (b"", "no whole tar"),
        (without(CLASSIC, "manifest.json"), "holds no image"),
        (without(CLASSIC, f"{config_of(ONE)[7:]}.json"), "lacks"),
        (without(CLASSIC, f"{layers_of(ONE)[0][7:]}/layer.tar"), "lacks the layer"),
        (without(LAYOUT, MANIFEST_PLACE), "lacks sha256:"),
        ({**LAYOUT, MANIFEST_PLACE: b"x" * len(ONE.root.raw)}, "do not match"),
        ({**LAYOUT, MANIFEST_PLACE: b"x"}, "bytes where"),
        (tar_of([*LAYOUT.items(), ("index.json", b"{}")]), "twice"),
        ({**LAYOUT, "../index.json": b"{}"}, "leads outside"),
        ({**LAYOUT, "/etc/passwd": b"{}"}, "leads outside"),
        ({**LAYOUT, "index.json": Link("../../etc/passwd")}, "leads outside"),
        ({**CLASSIC, "manifest.json": Link("loop"), "loop": Link("manifest.json")}, "circle"),
        (changed_json(CLASSIC, "manifest.json", lambda entries: entries[0]["Layers"].clear()), "0 layers, but"),
        ({**LAYOUT, "index.json": DEEP}, "cannot be read"),
        ({**CLASSIC, "manifest.json": DEEP}, "cannot be read"),
        ({**LAYOUT, "index.json": b" " * (5 << 20)}, "too many"),
        ({**LAYOUT, "oci-layout": b'{"imageLayoutVersion":"9.0.0"}'}, "version 9"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(opened, members, words):
    with pytest.raises((DamagedFile, Unsupported), match=words) as caught:
        opened(members)
    assert not caught.value.temporary


def test_a_layer_of_another_size_is_damage(opened):
    place = f"blobs/sha256/{layers_of(ONE)[0][7:]}"
    found = opened({**LAYOUT, place: b"short"})
    with pytest.raises(DamagedFile, match="bytes where"):
        blob(found, found.root.value.layers[0])


def test_a_header_behind_which_comes_none_is_damage(opened):
    whole = tar_of({"a": b"b"})
    with pytest.raises(DamagedFile, match="no header"):
        opened(whole[:1024] + b"\1" * 512 + whole[1024:])


def test_a_header_that_wants_much_memory_is_damage(opened):
    import tarfile

    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    with pytest.raises(DamagedFile, match="too long"):
        opened(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


def test_a_file_that_is_not_there_may_have_been_meant_as_a_name(tmp_path):
    locator = located(str(tmp_path / "x.tar"))
    with pytest.raises(NotFound) as caught, open_image(locator, cancel=Cancel(), observer=silent):
        pass
    assert "docker://" in str(caught.value.hint)


def test_only_what_begins_as_an_archive_does_is_taken_for_one(tmp_path):
    for name, content, expected in (
        ("a", tar_of(LAYOUT), True),
        ("b", gzip.compress(b"x"), True),
        ("c", lzma.compress(b"x"), True),
        ("d", b"\x7fELF" + bytes(1000), False),
        ("e", b"", False),
    ):
        (tmp_path / name).write_bytes(content)
        assert holds_image(str(tmp_path / name)) is expected
    (tmp_path / "folder").mkdir()
    assert not holds_image(str(tmp_path / "folder"))
    assert not holds_image("\0")


@given(st.data())
def test_whatever_is_cut_or_changed_is_read_or_refused_by_name(data):
    whole = bytearray(tar_of(data.draw(st.sampled_from([CLASSIC, LAYOUT, SEVERAL]))))
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    changed = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.tar"
        path.write_bytes(changed)
        locator = located(str(path))
        try:
            with open_image(locator, cancel=Cancel(), observer=silent) as found:
                found.resolve()
        except DgetError as error:
            assert error.exit_status in {2, 6, 10}  # noqa: PT017


def test_where_an_archive_cannot_be_unpacked_to_is_told_and_not_where_it_lies(tmp_path, files_of_4_kb):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(bytes(100_000)))
    with pytest.raises(StorageError) as caught:
        image_names(located(str(path)), cancel=Cancel(), observer=silent)
    assert "unpacked.tar" in caught.value.message
    assert "x.tar.gz" not in caught.value.message
    assert "TMPDIR" in (caught.value.hint or "")
