"""Disks that are full, that allow no more, that may not be written any longer, and that lose their power."""

import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.parts.fault_proxy import Fault
from tests.parts.loop_mount import BTRFS_MIN, XFS_MIN, LoopMount
from tests.parts.umoci_bundle import NOBODY
from torture.children import Ended
from torture.ground import MB, Ground, fingerprint
from torture.row import Row
from torture.shapes import SHAPES, Known, Shape, measure, words_of

_STORAGE = 8
_SMALL_DISK = 64 << 20
# Of a connection while something is to happen during a pull, and how long it then takes.
_RATE, _SLOW = 4 * MB, 1.2
# What a name or a folder needs, nobody knows.
_FULL = re.compile(
    r"the disk is full: .*: (it needs [\d,]+ bytes, [\d,]+ are free|[\d,]+ bytes are free|it takes no more files)"
)
_QUOTA = re.compile(r"the quota is used up: cannot ")
# Without those whose layers wait among the system's temporary files, which are on another disk.
_HERE = tuple(shape for shape in SHAPES if shape.cached or "rootfs" not in shape.words)


def full_disks(ground: Ground, count: int) -> Row:
    """Full from the start, with room for a random part of what is needed; or from a random moment on."""
    row, shapes = Row(), _HERE[:count]
    known = measure(ground, "large", shapes)
    with LoopMount(ground.place(), "ext4", _SMALL_DISK) as disk:
        for number in range(count):
            shape, place = shapes[number % len(shapes)], _emptied(disk)
            room = round(ground.rng.uniform(0, 2.2) * ground.size("large"))
            late = number // len(shapes) % 2 == 1
            words = words_of(shape, ground.name("large"))
            ground.calm()
            with row.moment(f"{shape.name}, {'later ' if late else ''}room for {room} bytes"):
                if late:
                    done, filler = _filled_during(ground, words, place, disk)
                else:
                    filler = disk.fill(leave=room)
                    done = ground.run(words, place)
                row.counts["refused"] += done.status == _STORAGE
                if done.status == _STORAGE:
                    assert _FULL.search(done.errors), f"need or have is not told: {done.errors}"
                _refused_or_right(done, place, shape, known, row)
                filler.unlink()
                _goes_on(ground, words, place, shape, known, row)
    return row


def quotas(ground: Ground, count: int) -> Row:
    """A disk that shows room, and refuses it."""
    row, shapes = Row(), _HERE[:count]
    known = measure(ground, "large", shapes)
    with LoopMount(ground.place(), "btrfs", BTRFS_MIN) as disk:
        for number in range(count):
            shape, place = shapes[number % len(shapes)], _emptied(disk)
            words, allowed = words_of(shape, ground.name("large")), ground.rng.randint(MB, ground.size("large"))
            ground.calm()
            with row.moment(f"{shape.name}, {allowed} bytes allowed"):
                disk.allow(allowed)
                done = ground.run(words, place)
                row.counts["refused"] += done.status == _STORAGE
                if done.status == _STORAGE:
                    assert _QUOTA.search(done.errors), f"the quota or the need is not told: {done.errors}"
                disk.allow(None)
                _refused_or_right(done, place, shape, known, row)
                _goes_on(ground, words, place, shape, known, row)
    return row


def read_only_disks(ground: Ground, count: int) -> Row:
    """From a random moment on."""
    row, shapes = Row(), _HERE[:count]
    known = measure(ground, "large", shapes)
    with LoopMount(ground.place(), "ext4", _SMALL_DISK) as disk:
        for number in range(count):
            shape, place = shapes[number % len(shapes)], _emptied(disk)
            words = words_of(shape, ground.name("large"))
            with row.moment(f"{shape.name} on a disk that becomes read-only"):
                try:
                    done = _disturbed(ground, words, place, disk.make_read_only)
                finally:
                    disk.come_back()
                row.counts["refused"] += done.status == _STORAGE
                _refused_or_right(done, place, shape, known, row)
                _goes_on(ground, words, place, shape, known, row)
    return row


def lost_permissions(ground: Ground, count: int) -> Row:
    """A person without privileges may not write any more, from a random moment on."""
    row, shapes = Row(), _HERE[:count]
    known = measure(ground, "large", shapes)
    for number in range(count):
        shape, place = shapes[number % len(shapes)], ground.place()
        words = words_of(shape, ground.name("large"))
        shutil.chown(place, NOBODY, NOBODY)
        with row.moment(f"{shape.name} in a folder that may not be written any more"):
            done = _disturbed(ground, words, place, partial(_permit, place, write=False), user=NOBODY)
            row.counts["refused"] += done.status == _STORAGE
            _permit(place, write=True)
            _refused_or_right(done, place, shape, known, row)
            _goes_on(ground, words, place, shape, known, row, user=NOBODY)
    return row


def power_cuts(ground: Ground, count: int) -> Row:
    """At a random moment, half of the time on a network so slow that records are written meanwhile."""
    row, shapes = Row(), _HERE[:count]
    known = measure(ground, "large", shapes)
    with LoopMount(ground.place(), "xfs", XFS_MIN) as disk:
        for number in range(count):
            shape, place = shapes[number % len(shapes)], _emptied(disk)
            words, target = words_of(shape, ground.name("large")), place / shape.target
            slow = number // len(shapes) % 2 == 0
            moment = ground.rng.uniform(0, 1.3) * (known[shape].seconds + (3 * _SLOW if slow else 0))
            ground.calm()
            if slow:
                ground.proxy.script = lambda _: Fault(rate=MB)
            with row.moment(f"{shape.name}, power cut after {moment:.3f} s"):
                child = ground.start(words, place)
                time.sleep(moment)
                disk.cut_power()
                done = child.wait()
                disk.come_back()
                row.counts["cuts"] += 1
                row.counts["after success was told"] += done.status == 0
                assert done.status in (0, _STORAGE), done.errors
                if done.status == 0:
                    assert target.exists(), "success was told, and the file is not there"
                    assert fingerprint(target) == known[shape].right, "success was told, and it is not whole"
                # A folder is filled before it is whole; a file has its name afterwards.
                if target.is_file():
                    assert fingerprint(target) == known[shape].right, "the file is there, and wrong"
                place.mkdir(exist_ok=True)
                _goes_on(ground, words, place, shape, known, row)
    return row


def _emptied(disk: LoopMount) -> Path:
    place = disk.folder / "place"
    if place.exists():
        shutil.rmtree(place)
    place.mkdir()
    disk.settle()
    return place


def _disturbed(
    ground: Ground, words: Sequence[str | Path], place: Path, disturb: Callable[[], object], *, user: int = 0
) -> Ended:
    """What becomes of a pull over a slow network that something happens to."""
    ground.calm()
    ground.proxy.script = lambda _: Fault(rate=_RATE)
    child = ground.start(words, place, user=user)
    time.sleep(ground.rng.uniform(0, _SLOW))
    disturb()
    ended = child.wait()
    ground.proxy.script = lambda _: Fault()
    return ended


def _filled_during(ground: Ground, words: Sequence[str | Path], place: Path, disk: LoopMount) -> tuple[Ended, Path]:
    leave = ground.rng.choice((0, 0, 20_000, 400_000))
    fillers: list[Path] = []
    return _disturbed(ground, words, place, lambda: fillers.append(disk.fill(leave=leave))), fillers[0]


def _permit(place: Path, *, write: bool) -> None:
    for folder in [place, *(path for path in place.rglob("*") if path.is_dir())]:
        # The process makes and removes folders meanwhile.
        if folder.exists():
            folder.chmod(0o755 if write else 0o555)


def _refused_or_right(done: Ended, place: Path, shape: Shape, known: Mapping[Shape, Known], row: Row) -> None:
    target = place / shape.target
    assert done.status in (0, _STORAGE), f"{done.status}: {done.errors}"
    row.counts["moments"] += 1
    if done.status == 0:
        assert fingerprint(target) == known[shape].right, "it ended well, and the file is wrong"
        return
    named = re.search(r"error: .*(\b(cache|x)\b|folder \.)", done.errors) or str(place) in done.errors
    assert named, f"the path is not named: {done.errors}"
    if target.is_file():
        assert fingerprint(target) == known[shape].right, "the file is there, and wrong"


def _goes_on(
    ground: Ground,
    words: Sequence[str | Path],
    place: Path,
    shape: Shape,
    known: Mapping[Shape, Known],
    row: Row,
    *,
    user: int = 0,
) -> None:
    """The same command, when all is well again."""
    ground.proxy.script = lambda _: Fault()
    again = ground.run(words, place, user=user)
    assert again.status == 0, f"the next run: {again.errors}"
    assert fingerprint(place / shape.target) == known[shape].right, "after the next run the file is wrong"
    beside = sorted(path.name for path in place.iterdir() if path.name not in ("cache", shape.target))
    assert not beside, f"left beside it: {beside}"
    row.counts["bytes fetched again"] += max(0, ground.proxy.passed - ground.size("large"))
