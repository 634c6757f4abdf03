"""Many processes on one cache: who fetches, who takes over, and what a prune leaves alone."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.parts.fault_proxy import NO_FAULT, Fault
from torture.children import Child
from torture.ground import DOCUMENTS, MB, Ground, files, fingerprint
from torture.row import Row
from torture.shapes import SHAPES, measure, words_of

_MANY, _PULLERS = 16, 8
_WAITERS = 3
_TAKES_OVER_WITHIN = 5.0
_HAPPENS_WITHIN = 30.0
_SMALL = tuple(f"app{number}" for number in range(4))
_TAR = SHAPES[0]


def sixteen_on_one_cache(ground: Ground, count: int) -> Row:
    row = Row()
    known = {image: measure(ground, image, (_TAR,))[_TAR] for image in _SMALL}
    for number in range(count):
        place = ground.place()
        ground.registry.forget()
        folders = [_folder(place, str(one)) for one in range(_MANY)]
        names = [_SMALL[one % len(_SMALL)] for one in range(_MANY)]
        running = [
            ground.start(words_of(_TAR, ground.name(name), folder), place)
            for name, folder in zip(names, folders, strict=True)
        ]
        with row.moment(f"round {number}"):
            failed = [done.errors for child in running if (done := child.wait()).status != 0]
            assert not failed, failed
            for name, folder in zip(names, folders, strict=True):
                assert fingerprint(folder / _TAR.target) == known[name].right, f"{name} is wrong"
            asked = sorted(ground.registry.blobs_asked)
            wanted = sorted({digest for name in names for digest in ground.images[name].blobs})
            row.counts["blobs fetched twice"] += len(asked) - len(wanted)
            assert asked == wanted, f"{len(asked)} requests for {len(wanted)} blobs"
        row.counts["archives"] += _MANY
    return row


def one_is_killed(ground: Ground, count: int) -> Row:
    """While others wait for what it fetches."""
    row, known = Row(), measure(ground, "large", (_TAR,))[_TAR]
    for number in range(count):
        ground.calm()
        ground.proxy.script = lambda _: Fault(rate=MB)
        place = ground.place()
        folders = [_folder(place, str(one)) for one in range(_WAITERS + 1)]
        words = [words_of(_TAR, ground.name("large"), folder) for folder in folders]
        first = ground.start([*words[0], "--connections", "2"], place)
        with row.moment(f"round {number}"):
            ground.proxy.wait_until_passed(2 * MB)
            others = [ground.start(one, place) for one in words[1:]]
            for child, folder in zip(others, folders[1:], strict=True):
                _until((folder / f"{_TAR.target}.part").exists, child)
            ground.proxy.wait_until_passed(round(ground.rng.uniform(3, 8) * MB))
            first.signal(signal.SIGKILL)
            first.wait()
            killed = time.monotonic()
            ground.proxy.script = lambda _: NO_FAULT
            for child, folder in zip(others, folders[1:], strict=True):
                done = child.wait()
                assert done.status == 0, done.errors
                assert fingerprint(folder / _TAR.target) == known.right, "an archive is wrong"
            asked_after = [asked.at for asked in ground.proxy.blobs_asked if asked.at > killed]
            assert asked_after, "nobody took over"
            taken_over = min(asked_after) - killed
            row.counts["slowest takeover, ms"] = max(row.counts["slowest takeover, ms"], round(taken_over * 1000))
            assert taken_over < _TAKES_OVER_WITHIN, f"nobody took over for {taken_over:.1f} s"
            again = max(0, ground.proxy.passed - ground.size("large") - 4 * DOCUMENTS)
            row.counts["bytes fetched again"] += again
            assert not files(place / "cache" / "ingest")
        row.counts["takeovers"] += 1
    return row


def prunes_beside_pulls(ground: Ground, count: int) -> Row:
    """count: of pulls of each of eight, while everything that may go is pruned all the time."""
    row, place, ended = Row(), ground.place(), threading.Event()
    known = {image: measure(ground, image, (_TAR,))[_TAR] for image in _SMALL}

    def pull(puller: int) -> None:
        folder = _folder(place, str(puller))
        for number in range(count):
            image = _SMALL[(puller + number) % len(_SMALL)]
            with row.moment(f"pull {number} of {puller}"):
                done = ground.run(words_of(_TAR, ground.name(image), folder), place)
                assert done.status == 0, done.errors
                assert fingerprint(folder / _TAR.target) == known[image].right, f"{image} is wrong"

    def prune() -> None:
        while not ended.is_set():
            with row.moment("a prune"):
                done = ground.run(["cache", "prune", "--max-size", "0", "--cache-dir", "cache"], place)
                assert done.status == 0, done.errors
                row.counts["prunes"] += 1
                row.counts["images removed"] += done.output.count(b"removed 127.")

    (place / "cache").mkdir()
    with ThreadPoolExecutor(_PULLERS + 1) as pool:
        pruning = pool.submit(prune)
        pulling = [pool.submit(pull, puller) for puller in range(_PULLERS)]
        for one in pulling:
            one.result()
        ended.set()
        pruning.result()
    row.counts["pulls"] = _PULLERS * count
    row.counts["failed"] = len(row.broken)
    with row.moment("in the end"):
        assert not files(place / "cache" / "holds"), "a process that has ended holds something"
    return row


def _folder(place: Path, name: str) -> Path:
    folder = place / name
    folder.mkdir(exist_ok=True)
    return folder


def _until(happened: Callable[[], object], child: Child) -> None:
    deadline = time.monotonic() + _HAPPENS_WITHIN
    while not happened():
        assert child.runs, child.errors
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
