"""Root file systems, as tars and folders, from layers good and hostile."""

import io
import os
import stat
import subprocess
import tarfile

import pytest
from hypothesis import given, settings

from dget.archive.layers import Kind, LayerReader, Node, walk, write_rootfs_folder, write_rootfs_tar
from dget.codec import FileLock
from dget.errors import DgetError, IntegrityError, StorageError, Unsupported
from dget.flow import Cancel
from tests.parts.any_layers import any_layers
from tests.parts.trees import CAPABILITY, TIME, LayerMaker, MemoryLayers, hard_layers, seen

posix = pytest.mark.skipif(os.name != "posix", reason="folders are unpacked by openat, which Windows lacks")


class Sink(io.BytesIO):
    def write(self, data) -> None:  # type: ignore[override]
        super().write(data)


def reader(*layers: bytes) -> LayerReader:
    return LayerReader(MemoryLayers(layers), Cancel())


def tar_of(*layers: bytes) -> bytes:
    sink = Sink()
    write_rootfs_tar(reader(*layers), sink)
    return sink.getvalue()


def members(packed: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {member.name: member for member in tar}


def test_equal_layers_give_equal_bytes_that_end_as_a_tar_does():
    packed = tar_of(*hard_layers())
    assert packed == tar_of(*hard_layers())
    assert len(packed) % 10240 == 0
    assert packed.endswith(bytes(1024))


def test_a_folder_comes_after_all_that_is_in_it_and_a_file_before_its_further_names():
    found = list(members(tar_of(*hard_layers())).values())
    names = [member.name for member in found]
    assert names[-1] == "."
    for member in found:
        parent = member.name.rpartition("/")[0]
        assert not parent or names.index(parent) > names.index(member.name)
        if member.islnk():
            assert names.index(member.linkname) < names.index(member.name)


@posix
def test_tar_restores_closed_folders_and_their_times_without_any_option(tmp_path):
    layer = LayerMaker().folder("closed", 0o500).add("closed/in", b"in").folder("open").add("open/x").done()
    (tmp_path / "x.tar").write_bytes(tar_of(layer))
    (tmp_path / "x").mkdir()
    done = subprocess.run(
        ["tar", "-xpf", "x.tar", "-C", "x"], cwd=tmp_path, capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b""
    for name, mode in (("closed", 0o500), ("open", 0o755)):
        status = (tmp_path / "x" / name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (mode, TIME)


def test_what_ustar_cannot_hold_stands_in_records_and_comes_back():
    big = LayerMaker().add("é", owner=(3_000_000, 4_000_000), xattrs={"security.capability": CAPABILITY}).add("x" * 101)
    big.symlink("l", "t" * 200).add("late", mtime=str(2**34)).add("\udcff")
    packed = tar_of(big.done())
    assert b"hdrcharset" not in packed
    with tarfile.open(fileobj=io.BytesIO(packed), errors="surrogateescape") as tar:
        found = {member.name: member for member in tar}
    assert (found["é"].uid, found["é"].gid) == (3_000_000, 4_000_000)
    assert found["é"].pax_headers["SCHILY.xattr.security.capability"].encode(errors="surrogateescape") == CAPABILITY
    assert found["l"].linkname == "t" * 200
    assert found["late"].mtime == 2**34
    assert {"x" * 101, "\udcff"} < set(found)


def test_a_tar_made_again_from_its_own_root_file_system_is_the_same():
    packed = tar_of(*hard_layers())
    assert tar_of(packed) == packed


@settings(max_examples=150, deadline=None)
@given(any_layers())
def test_the_tar_of_any_layers_is_one_layer_of_the_same_tree(layers):
    try:
        packed = tar_of(*layers)
    except Unsupported:
        return
    assert tar_of(packed) == packed
    one, several = reader(packed).merge(), reader(*layers).merge()
    assert [(path, shape(node)) for path, node in walk(one.root)] == [
        (path, shape(node)) for path, node in walk(several.root)
    ]


def shape(node: Node) -> tuple[object, ...]:
    entry = node.inode.entry
    return (node.inode.kind, entry.mtime_ns, entry.mode, entry.target) if entry else (Kind.DIRECTORY, 0, 0o755, "")


@posix
@settings(max_examples=40, deadline=None)
@given(any_layers())
def test_any_layers_make_a_folder_of_just_these_files(tmp_path_factory, layers):
    folder = tmp_path_factory.mktemp("any") / "x"
    try:
        write_rootfs_folder(reader(*layers), folder)
    except Unsupported:
        assert list(folder.parent.iterdir()) == []
        return
    wanted = {"/".join(path) or ".": "l" if node.inode.kind is Kind.SYMLINK else "d" if node.children is not None else "-"
              for path, node in walk(reader(*layers).merge().root)}  # fmt: skip
    assert {name: one.type for name, one in seen(folder).items()} == wanted


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="owners and devices take root")
def test_a_folder_has_what_the_tar_has(tmp_path):
    left_out = write_rootfs_folder(reader(*hard_layers()), tmp_path / "folder")
    write_rootfs_folder(reader(tar_of(*hard_layers())), tmp_path / "again")
    assert list(left_out) == []
    assert seen(tmp_path / "folder") == seen(tmp_path / "again")


@posix
def test_a_sparse_file_keeps_its_holes_in_a_folder_and_its_zeros_in_a_tar(tmp_path):
    body = b"1\n8388608\n4\n".ljust(512, b"\0") + b"data".ljust(512, b"\0")
    member = tarfile.TarInfo("hole")
    member.size = len(body)
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "16777216"}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member, io.BytesIO(body))
    layer = packed.getvalue()
    write_rootfs_folder(reader(layer), tmp_path / "x")
    status = (tmp_path / "x" / "hole").stat()
    assert status.st_size == 16 << 20
    assert status.st_blocks * 512 < 1 << 20
    content = (tmp_path / "x" / "hole").read_bytes()
    assert content == bytes(8 << 20) + b"data" + bytes((8 << 20) - 4)
    with tarfile.open(fileobj=io.BytesIO(tar_of(layer))) as tar:
        assert tar.extractfile("hole").read() == content  # type: ignore[union-attr]


@posix
def test_nothing_is_written_outside_the_folder(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    hostile = [
        LayerMaker().symlink("a", str(outside)).add("a/through"),
        LayerMaker().symlink("b", "../outside").add("b/through"),
        LayerMaker().symlink("c", "..").symlink("d", "c/../..").add("d/outside/through"),
        LayerMaker().symlink("e", str(outside / "kept")).add("e", b"written through a link"),
        LayerMaker().symlink("f", str(outside / "kept")).hardlink("g", "f").add("g/x"),
        LayerMaker().symlink("h", str(outside)).folder("h").add("h/replaced"),
        LayerMaker().symlink("i", str(outside)).add("i/.wh.kept").add("i/.wh..wh..opq"),
    ]
    for number, maker in enumerate(hostile):
        try:
            write_rootfs_folder(reader(maker.done()), tmp_path / f"root{number}")
        except Unsupported:
            assert not (tmp_path / f"root{number}").exists()
    assert [path.name for path in outside.iterdir()] == ["kept"]
    assert (outside / "kept").read_text() == "kept"
    assert (outside / "kept").stat().st_nlink == 1


@posix
@pytest.mark.parametrize(
    "maker",
    [
        LayerMaker().add("../x"),
        LayerMaker().hardlink("x", "../../../../etc/passwd"),
        LayerMaker().hardlink("x", "/etc/passwd"),
        LayerMaker().symlink("s", "/etc").hardlink("x", "s/passwd"),
    ],
)
def test_what_reaches_out_is_refused_and_leaves_nothing(tmp_path, maker):
    layer = maker.done()
    with pytest.raises(Unsupported):
        write_rootfs_folder(reader(layer), tmp_path / "x")
    with pytest.raises(Unsupported):
        tar_of(layer)
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="making devices takes root")
def test_a_file_after_a_device_of_the_same_name_is_a_file(tmp_path):
    layer = LayerMaker().add("x", kind=tarfile.BLKTYPE, device=(7, 200)).add("x", b"data").done()
    write_rootfs_folder(reader(layer), tmp_path / "r")
    assert stat.S_ISREG((tmp_path / "r" / "x").stat().st_mode)
    assert (tmp_path / "r" / "x").read_bytes() == b"data"


@posix
def test_a_damaged_layer_leaves_nothing(tmp_path):
    with pytest.raises(IntegrityError):
        write_rootfs_folder(reader(*hard_layers()[:2], hard_layers()[2][:1800]), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_stopped_run_leaves_nothing(tmp_path):
    cancel = Cancel()
    layers = MemoryLayers(hard_layers())
    real_open = layers.open

    def open_and_stop(layer: int) -> io.BytesIO:
        if len(layers.opened) == 3:
            cancel.cancel()
        return real_open(layer)

    layers.open = open_and_stop  # type: ignore[method-assign]
    with pytest.raises(DgetError, match="stopped"):
        write_rootfs_folder(LayerReader(layers, cancel), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "x").mkdir()
    write_rootfs_folder(reader(*hard_layers()), tmp_path / "x")
    with pytest.raises(StorageError, match="is there already"):
        write_rootfs_folder(reader(LayerMaker().done()), tmp_path / "x")
    (tmp_path / "link").symlink_to("/nowhere")
    with pytest.raises(StorageError, match="is there already"):
        write_rootfs_folder(reader(LayerMaker().done()), tmp_path / "link")


@posix
def test_what_a_killed_run_left_is_replaced_and_another_process_is_not_disturbed(tmp_path):
    (tmp_path / "x.part" / "old").mkdir(parents=True)
    write_rootfs_folder(reader(LayerMaker().add("new").done()), tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    lock = FileLock.try_take(tmp_path / "y.part.lock")
    assert lock is not None
    with pytest.raises(StorageError, match="another process"):
        write_rootfs_folder(reader(LayerMaker().done()), tmp_path / "y")
    lock.release()


@posix
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "symlink", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_rootfs_folder(reader(LayerMaker().symlink("a", "b").done()), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_times_before_1970_and_between_seconds_are_kept():
    layer = LayerMaker().add("old", mtime="-1.5").add("new", mtime=f"{TIME}.000000001").done()
    found = members(tar_of(layer))
    assert found["old"].pax_headers["mtime"] == "-1.5"
    assert found["new"].pax_headers["mtime"] == f"{TIME}.000000001"
