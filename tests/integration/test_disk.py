"""Disks that are full, that share blocks, and that lose their power."""

import contextlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution
from tests.parts.fault_proxy import NO_FAULT, Fault, FaultProxy
from tests.parts.images import OCI, Image, layer, single
from tests.parts.loop_mount import XFS_MIN, LoopMount
from tests.parts.process import need

MB = 1_000_000
SIZE = 20 * MB
CONNECTIONS = 4
# Of all connections together, while something is to happen during a pull: bytes a second.
RATE = 8 * MB
_WITHIN = 30.0

Running: TypeAlias = "subprocess.Popen[str]"


@pytest.fixture(scope="module")
def image() -> Image:
    """A layer that does not compress, and a small one."""
    return single(OCI, "amd64", [layer({"noise": random.Random(8).randbytes(SIZE)}), layer({"etc/text": b"small"})])


@pytest.fixture(scope="module")
def shared_proxy(tmp_path_factory, image) -> Iterator[FaultProxy]:
    with Distribution(tmp_path_factory.mktemp("registry")) as registry, FaultProxy(registry.address) as proxy:
        registry.push("app", "1", image)
        yield proxy


@pytest.fixture
def proxy(shared_proxy) -> Iterator[FaultProxy]:
    """Before a registry with the image as `app:1`; it does no harm yet."""
    shared_proxy.forget()
    yield shared_proxy
    shared_proxy.script = lambda _: NO_FAULT


@pytest.fixture
def words(proxy) -> list[str]:
    return [proxy.name("app:1"), "-arch", "amd64"]


@pytest.fixture
def large_disk(tmp_path) -> Iterator[LoopMount]:
    """ext4, with room for the archive and the cache."""
    with LoopMount(tmp_path / "ext4", "ext4", 64 << 20) as disk:
        yield disk


@pytest.fixture
def small_disk(tmp_path) -> Iterator[LoopMount]:
    """ext4, with no room for the image."""
    with LoopMount(tmp_path / "ext4", "ext4", 16 << 20) as disk:
        yield disk


@pytest.fixture
def xfs(tmp_path) -> Iterator[LoopMount]:
    with LoopMount(tmp_path / "xfs", "xfs", XFS_MIN) as disk:
        yield disk


# A disk is asked for before `start`, so that processes end before it goes.


@pytest.fixture
def start(environment, workplace, words, proxy) -> Iterator[Callable[..., Running]]:
    """Starts dget over a slow network; whatever still runs in the end is killed."""
    started: list[Running] = []

    def run(*more: str | Path) -> Running:
        proxy.script = lambda _: Fault(rate=RATE // CONNECTIONS)
        process = subprocess.Popen(
            [sys.executable, "-m", "dget", *words, "--connections", str(CONNECTIONS), *map(str, more)],
            cwd=workplace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def ended(process: Running) -> tuple[int, str]:
    """Exit status, and what it said on standard error."""
    _, said = process.communicate(timeout=_WITHIN)
    assert "Traceback" not in said
    return process.returncode, said


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "lost+found")


def layers_asked(proxy: FaultProxy, image: Image) -> bool:
    """Whether bytes of the large layer were asked for."""
    large = max(image.blobs, key=lambda digest: len(image.blobs[digest]))
    return any(large in asked.path for asked in proxy.blobs_asked)


# Full.


def names_need_and_have(said: str, path: Path, disk: LoopMount) -> None:
    assert str(path) in said
    found = re.search(r"needs ([\d,]+) bytes, ([\d,]+) are free", said)
    assert found, said
    need, have = (int(number.replace(",", "")) for number in found.groups())
    assert need >= SIZE
    assert have <= disk.free + MB


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_a_disk_without_room_for_the_archive_is_told_before_anything_is_downloaded(
    small_disk, dget, words, proxy, image, name
):
    done = dget(*words, "--no-cache", "-o", small_disk.folder / name)
    assert done.returncode == 8, done.stderr
    names_need_and_have(done.stderr, small_disk.folder / name, small_disk)
    assert not layers_asked(proxy, image)
    assert files(small_disk.folder) == []


def test_a_disk_without_room_for_the_cache_is_told_before_anything_is_downloaded(
    small_disk, dget, words, proxy, image, workplace
):
    done = dget(*words, "--cache-dir", small_disk.folder / "cache", "-o", "x.tar")
    assert done.returncode == 8, done.stderr
    names_need_and_have(done.stderr, small_disk.folder / "cache", small_disk)
    assert "--no-cache" in done.stderr
    assert not layers_asked(proxy, image)
    assert files(workplace) == []


def test_a_disk_without_room_for_both_cache_and_archive_is_told_before_anything_is_downloaded(
    tmp_path, dget, words, proxy, image
):
    with LoopMount(tmp_path / "disk", "ext4", 32 << 20) as disk:
        done = dget(*words, "--cache-dir", disk.folder / "cache", "-o", disk.folder / "x.tar.gz")
        assert done.returncode == 8, done.stderr
        assert str(disk.folder) in done.stderr
        assert not layers_asked(proxy, image)
        assert not (disk.folder / "x.tar.gz").exists()


def test_a_disk_that_fills_up_during_a_pull_does_no_harm_to_an_archive_since_its_room_is_taken_before(
    large_disk, start, proxy
):
    process = start("--no-cache", "-o", large_disk.folder / "x.tar")
    proxy.wait_until_passed(SIZE // 4)
    large_disk.fill()
    status, said = ended(process)
    assert status == 0, said
    check_archive(large_disk.folder / "x.tar")


def test_a_disk_that_fills_up_during_a_pull_ends_it_in_8_and_what_arrived_counts_later(
    large_disk, start, dget, words, proxy, workplace
):
    more = ["--cache-dir", large_disk.folder / "cache", "-o", "x.tar"]
    archive = workplace / "x.tar"
    process = start(*more)
    proxy.wait_until_passed(SIZE // 4)
    filler = large_disk.fill()
    status, said = ended(process)
    assert status == 8, said
    assert "the disk is full" in said
    assert str(large_disk.folder) in said
    assert not archive.exists()
    filler.unlink()
    proxy.script = lambda _: NO_FAULT
    again = dget(*words, *more)
    assert again.returncode == 0, again.stderr
    check_archive(archive)
    assert proxy.passed <= 1.6 * SIZE


@pytest.mark.parametrize(("kind", "size"), [("ext4", 64 << 20), ("xfs", XFS_MIN)])
def test_a_cache_on_a_disk_without_a_block_left_is_read_verified_and_pruned(
    tmp_path, dget, words, workplace, kind, size
):
    """A person who has run out of room makes some with it."""
    with LoopMount(tmp_path / kind, kind, size) as disk:
        cache = ["--cache-dir", disk.folder / "cache"]
        assert dget(*words, *cache, "-o", "a.tar").returncode == 0
        disk.fill()
        with contextlib.suppress(OSError):
            for number in range(10_000):
                (disk.folder / f"small{number}").write_bytes(b"x")
        assert dget("cache", "verify", *cache).returncode == 0
        offline = dget(*words, *cache, "-o", "b.tar", "--offline")
        assert offline.returncode == 0, offline.stderr
        assert (workplace / "a.tar").read_bytes() == (workplace / "b.tar").read_bytes()
        pruned = dget("cache", "prune", "--max-size", "0", *cache)
        assert pruned.returncode == 0, pruned.stderr
        assert disk.free > SIZE
        assert json.loads((disk.folder / "cache" / "index.json").read_bytes())["manifests"] == []


# What strace refuses stands for what a disk does.


def refused(dget_words: list[str | Path], workplace: Path, environment, what: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            need("strace", "strace"),
            "-f",
            "-o",
            "/dev/null",
            "-e",
            f"inject={what}",
            sys.executable,
            "-m",
            "dget",
            *dget_words,
        ],
        cwd=workplace,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        check=False,
    )


@pytest.fixture
def cached(words: list[str], dget) -> list[str]:
    """A pull that fetches nothing: of what arrives, records would be synced too, now and then."""
    through_cache = [*words, "--cache-dir", "cache"]
    assert dget(*through_cache, "-o", "first.tar").returncode == 0
    return through_cache


def test_a_disk_that_cannot_say_that_a_file_has_its_name_is_no_success(cached, workplace, environment):
    done = refused([*cached, "-o", "x.tar"], workplace, environment, "fsync:error=EIO")
    assert done.returncode == 8, done.stderr
    assert "x.tar: Input/output error" in done.stderr


def test_a_file_system_that_syncs_no_folders_is_used_all_the_same(cached, workplace, environment):
    done = refused([*cached, "-o", "x.tar"], workplace, environment, "fsync:error=EINVAL")
    assert done.returncode == 0, done.stderr


def test_a_cache_on_a_file_system_without_locks_says_so(words, workplace, environment):
    done = refused([*words, "--cache-dir", "cache", "-o", "x.tar"], workplace, environment, "flock:error=ENOLCK")
    assert done.returncode == 8, done.stderr
    assert "cache" in done.stderr
    assert "has no locks" in done.stderr
    assert "--no-cache" in done.stderr


def test_a_file_system_without_links_is_used_all_the_same(words, workplace, environment):
    """Neither hard ones nor others are ever made."""
    links = "link,linkat,symlink,symlinkat:error=EPERM"
    done = refused([*words, "--cache-dir", "cache", "-o", "x.tar"], workplace, environment, links)
    assert done.returncode == 0, done.stderr


# Shared.


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_where_blocks_can_be_shared_pulls_with_and_without_the_network_end_well(xfs, dget, words, proxy, name):
    for _ in range(2):
        done = dget(*words, "--cache-dir", xfs.folder / "cache", "-o", xfs.folder / name)
        assert done.returncode == 0, done.stderr
        check_archive(xfs.folder / name)
    assert proxy.passed <= 1.1 * SIZE


def test_where_blocks_can_be_shared_the_cache_and_the_archive_need_room_once(xfs, dget, words):
    empty = xfs.used
    done = dget(*words, "--cache-dir", xfs.folder / "cache", "-o", xfs.folder / "x.tar")
    assert done.returncode == 0, done.stderr
    assert xfs.used - empty <= 1.3 * SIZE


@pytest.mark.parametrize("verify", ["always", "never"])
def test_where_blocks_can_be_shared_headers_and_tails_alone_are_written(xfs, dget, words, verify):
    more = ["--cache-dir", xfs.folder / "cache", "--verify-cache", verify]
    assert dget(*words, *more, "-o", xfs.folder / "x.tar").returncode == 0
    before = xfs.used
    done = dget(*words, *more, "-o", xfs.folder / "y.tar")
    assert done.returncode == 0, done.stderr
    check_archive(xfs.folder / "y.tar")
    # Of each member a header and a tail, in blocks of 4 kB, and what XFS notes about the sharing.
    assert xfs.used - before <= 128 << 10


def test_where_blocks_can_be_shared_a_damaged_copy_is_found_and_fetched_again(xfs, dget, words, proxy, image):
    more = ["--cache-dir", xfs.folder / "cache", "-o", xfs.folder / "x.tar"]
    assert dget(*words, *more).returncode == 0
    blob = max((xfs.folder / "cache/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[SIZE // 2] ^= 1
    blob.write_bytes(data)
    proxy.forget()
    done = dget(*words, *more)
    assert done.returncode == 0, done.stderr
    assert "is damaged" in done.stderr
    check_archive(xfs.folder / "x.tar")
    assert layers_asked(proxy, image)


# Without power.


def comes_to_its_end(disk: LoopMount, dget, words, proxy, more: list[str | Path], archive: Path) -> None:
    proxy.script = lambda _: NO_FAULT
    again = dget(*words, *more)
    assert again.returncode == 0, again.stderr
    check_archive(archive)
    assert [name for name in files(disk.folder) if name.endswith((".part", ".ledger"))] == []


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("cache", [True, False], ids=["cache", "no-cache"])
@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_after_a_power_cut_during_a_pull_the_same_command_ends_well(xfs, start, dget, words, proxy, cache, name, share):
    more = ["-o", xfs.folder / name, *(["--cache-dir", xfs.folder / "cache"] if cache else ["--no-cache"])]
    process = start(*more)
    proxy.wait_until_passed(int(share * SIZE))
    xfs.cut_power()
    status, said = ended(process)
    assert status == 8, said
    xfs.come_back()
    assert name not in files(xfs.folder)
    comes_to_its_end(xfs, dget, words, proxy, more, xfs.folder / name)
    if share == 0.9:
        # At that rate, the last record before the cut is of more than the first quarter.
        assert proxy.passed <= (0.9 + 0.75) * SIZE + MB


def test_a_folder_that_was_reported_survives_a_power_cut_right_after(xfs, dget, words):
    done = dget(*words, "-o", xfs.folder / "x", "--format", "oci-dir", "--no-cache")
    assert done.returncode == 0, done.stderr
    reported = contents(xfs.folder / "x")
    xfs.cut_power()
    xfs.come_back()
    here = contents(xfs.folder / "x")
    # What was removed last may be there again.
    assert {name: here[name] for name in reported} == reported
    assert {name for name in here if name not in reported} <= {"index.json.lock"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_an_archive_that_was_reported_survives_a_power_cut_right_after(xfs, dget, words, proxy, name):
    more = ["-o", xfs.folder / name, "--cache-dir", xfs.folder / "cache"]
    done = dget(*words, *more)
    assert done.returncode == 0, done.stderr
    xfs.cut_power()
    xfs.come_back()
    check_archive(xfs.folder / name)
    # The cache may have lost what it likes, and is used all the same.
    comes_to_its_end(xfs, dget, words, proxy, more, xfs.folder / name)
