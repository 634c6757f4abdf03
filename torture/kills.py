"""Killed at any moment: a pull, the writing of an archive from the cache, a prune."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from torture.ground import Ground, files, fingerprint
from torture.row import Row
from torture.shapes import SHAPES, Known, Shape, measure, words_of

# What a cache has when it has nothing.
EMPTY = {"oci-layout", "dget.json", "index.json", "guard"}
_CACHED = tuple(shape for shape in SHAPES if shape.cached)
_SMALL = tuple(f"app{number}" for number in range(4))
_PRUNES = (
    ("prune", "--max-size", "0"),
    ("prune", "--max-size", "1500K"),
    ("prune", "--older-than", "0s"),
    ("rm", "*/app1:1", "*/app2:1"),
)


def kills_of_pulls(ground: Ground, count: int) -> Row:
    return _kills(ground, count, SHAPES[:count], offline=False)


def kills_of_archive_writing(ground: Ground, count: int) -> Row:
    return _kills(ground, count, _CACHED[:count], offline=True)


def _kills(ground: Ground, count: int, shapes: Sequence[Shape], *, offline: bool) -> Row:
    """Each moment is one between the first step and the last; what one kill leaves is there at the next."""
    row, known = Row(), measure(ground, "large", shapes)
    places = {shape: ground.place() for shape in shapes}
    more = ["--offline"] if offline else []
    if offline:
        for shape, place in places.items():
            assert ground.run(words_of(shape, ground.name("large")), place).status == 0
            _remove(place / shape.target)
    for number in range(count):
        shape = shapes[number % len(shapes)]
        place, words = places[shape], [*words_of(shape, ground.name("large")), *more]
        ground.calm()
        moment = ground.rng.uniform(0, 1.1 * known[shape].seconds)
        child = ground.start(words, place)
        time.sleep(moment)
        row.counts["ended before"] += not child.runs
        child.kill()
        row.counts["kills"] += 1
        with row.moment(f"{shape.name}, killed after {moment:.3f} s"):
            _none_is_wrong(place / shape.target, known[shape])
            # Half of the time the next one is killed too.
            if ground.rng.random() < 0.5 or number >= count - len(shapes):
                ground.calm()
                _ends_right(ground, words, place, shape, known[shape])
                row.counts["runs after"] += 1
                row.counts["bytes fetched again"] += ground.proxy.passed
    for shape, place in places.items():
        with row.moment(f"{shape.name}, in the end"):
            row.counts["orphans"] += len(_orphans(ground, place)) if shape.cached else 0
    row.counts["wrong files"] += len(row.broken)
    return row


def kills_of_prunes(ground: Ground, count: int) -> Row:
    row, place = Row(), ground.place()
    shape = SHAPES[0]
    known = {image: measure(ground, image, (shape,))[shape] for image in _SMALL}
    seconds = 0.0
    for number in range(count + 1):
        for image in _SMALL:
            with row.moment(f"a pull of {image} before kill {number}"):
                _ends_right(ground, words_of(shape, ground.name(image)), place, shape, known[image])
        words = ["cache", *_PRUNES[number % len(_PRUNES)], "--cache-dir", "cache"]
        if not seconds:
            # How long one takes; then all is pulled again.
            seconds = ground.run(words, place).seconds
            continue
        moment = ground.rng.uniform(0, 1.1 * seconds)
        child = ground.start(words, place)
        time.sleep(moment)
        row.counts["ended before"] += not child.runs
        child.kill()
        row.counts["kills"] += 1
        with row.moment(f"{' '.join(words)}, killed after {moment:.3f} s"):
            _names_lead_somewhere(ground, place)
    with row.moment("in the end"):
        row.counts["orphans"] += len(_orphans(ground, place))
    row.counts["wrong files"] += len(row.broken)
    return row


def _none_is_wrong(target: Path, known: Known) -> None:
    if target.exists() and target.suffix:
        assert fingerprint(target) == known.right, f"{target.name} is there, and wrong"


def _ends_right(ground: Ground, words: Sequence[str | Path], place: Path, shape: Shape, known: Known) -> None:
    target = place / shape.target
    if not target.suffix:
        _remove(target)
    done = ground.run(words, place)
    assert done.status == 0, done.errors
    assert fingerprint(target) == known.right, f"{target.name} is wrong"
    beside = sorted(path.name for path in place.iterdir() if path.name not in ("cache", shape.target))
    assert not beside, f"left beside it: {beside}"
    _remove(target)


def _names_lead_somewhere(ground: Ground, place: Path) -> None:
    verified = ground.run(["cache", "verify", "--cache-dir", "cache"], place)
    assert verified.status == 0, verified.output
    shown = json.loads(ground.run(["cache", "ls", "--json", "--cache-dir", "cache"], place).output)
    torn = [image["name"] for image in shown["images"] if not image["complete"]]
    assert not torn, f"the blobs of {torn} are gone, their names are not"


def _orphans(ground: Ground, place: Path) -> set[str]:
    """What a prune of everything does not find."""
    cache = place / "cache"
    for path in cache.rglob("*"):
        # What is less than an hour old may be somebody's work.
        os.utime(path, (1_000, 1_000))
    done = ground.run(["cache", "prune", "--max-size", "0", "--cache-dir", "cache"], place)
    assert done.status == 0, done.errors
    left = files(cache) - EMPTY | files(ground.temporary)
    assert not left, f"a prune does not find {sorted(left)}"
    return left


def _remove(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
