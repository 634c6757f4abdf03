"""Root file systems, compared file by file with what umoci unpacks from the same image."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from dget.archive.layers import LayerReader, write_rootfs_folder, write_rootfs_tar
from dget.errors import Unsupported
from dget.flow import Cancel
from tests.parts.any_layers import any_layers
from tests.parts.as_nobody import as_nobody
from tests.parts.images import OCI, busybox_layers, single
from tests.parts.trees import MemoryLayers, Seen, hard_layers, seen, without_times_since
from tests.parts.umoci_bundle import NOBODY, UmociBundle

IMAGES = {"hard": hard_layers, "busybox": lambda: busybox_layers("amd64")}
# umoci notes there whose a file would be.
ROOTLESS_NOTE = "user.rootlesscontainers"


@pytest.fixture
def root() -> None:
    if os.geteuid() != 0:
        pytest.skip("owners and devices take root: run the tests as root")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, as pytest's own may not be."""
    folder = Path(tempfile.mkdtemp(prefix="dget-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=IMAGES)
def layers(request) -> list[bytes]:
    made: list[bytes] = IMAGES[request.param]()
    return made


def reader(layers: list[bytes]) -> LayerReader:
    return LayerReader(MemoryLayers(layers), Cancel())


def test_as_root_it_is_what_umoci_unpacks(root, layers, tmp_path):
    begun = time.time_ns()
    theirs = UmociBundle().unpack(single(OCI, "linux/amd64", layers), tmp_path)
    left_out = write_rootfs_folder(reader(layers), tmp_path / "ours")
    assert list(left_out) == []
    assert without_times_since(seen(tmp_path / "ours"), begun) == without_times_since(seen(theirs), begun)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers=any_layers())
def test_any_layers_that_both_take_unpack_to_the_same(root, layers, tmp_path_factory):
    work = tmp_path_factory.mktemp("any")
    try:
        write_rootfs_folder(reader(layers), work / "ours")
    except Unsupported:
        assume(False)
    try:
        theirs = UmociBundle().unpack(single(OCI, "linux/amd64", layers), work)
    except AssertionError:
        # It gives up where a lower layer's file is in the way of a folder, and in symlinks that lead in a circle.
        assume(False)
    assert _without_folders_times(seen(work / "ours")) == _without_folders_times(seen(theirs))


def _without_folders_times(tree: dict[str, Seen]) -> dict[str, Seen]:
    """It lets the making of a folder change the time of the one above."""
    return {name: replace(one, mtime_ns=0) if one.type == "d" else one for name, one in tree.items()}


def test_its_tar_unpacks_to_what_umoci_unpacks(root, layers, tmp_path):
    begun = time.time_ns()
    theirs = UmociBundle().unpack(single(OCI, "linux/amd64", layers), tmp_path)
    with (tmp_path / "ours.tar").open("wb") as file:
        write_rootfs_tar(reader(layers), file)
    ours = tmp_path / "ours"
    ours.mkdir()
    keep_all = ["--xattrs", "--xattrs-include=*", "--numeric-owner", "--same-permissions"]
    subprocess.run(["tar", *keep_all, "-xf", tmp_path / "ours.tar", "-C", ours], check=True, timeout=60)
    assert without_times_since(seen(ours), begun) == without_times_since(seen(theirs), begun)


def test_as_nobody_it_is_what_umoci_unpacks_rootless(root, layers, open_folder):
    begun = time.time_ns()
    theirs, ours = open_folder / "theirs", open_folder / "ours"
    for folder in (theirs, ours):
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
    unpacked = UmociBundle().unpack_rootless(single(OCI, "linux/amd64", layers), theirs)
    as_nobody(lambda: write_rootfs_folder(reader(layers), ours / "x"), ours / "log")
    expected = without_times_since(seen(unpacked, without=[ROOTLESS_NOTE]), begun)
    found = without_times_since(seen(ours / "x", without=[ROOTLESS_NOTE]), begun)
    # Devices: umoci puts empty files in their place, dget leaves them out and says so.
    for device in ("null", "disk"):
        expected.pop(device, None)
    assert found == expected
    assert {one.owner for one in found.values()} == {(NOBODY, NOBODY)}


def test_what_could_not_be_restored_is_said(root, open_folder):
    ours = open_folder / "ours"
    ours.mkdir()
    os.chown(ours, NOBODY, NOBODY)

    def unpack() -> None:
        (ours / "said").write_text("\n".join(write_rootfs_folder(reader(hard_layers()), ours / "x")))

    as_nobody(unpack, ours / "log")
    said = (ours / "said").read_text()
    assert "all files are yours" in said
    assert "left out 2 devices" in said
    assert "left out 1 extended attribute:" in said


def test_what_is_unpacked_runs(root, tmp_path):
    write_rootfs_folder(reader(busybox_layers("amd64", "read from the root file system")), tmp_path / "x")
    done = subprocess.run(
        ["chroot", tmp_path / "x", "/bin/sh", "-c", "exec /bin/busybox cat /etc/text"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "read from the root file system"
