"""A cache whose files are not what they were: bytes flipped, cut, swapped, lost, and state that says anything."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.parts.fault_proxy import Fault
from torture.ground import DOCUMENTS, MB, Ground, fingerprint
from torture.row import Row
from torture.shapes import SHAPES, Known, measure, words_of

_TAR = SHAPES[0]
_IMAGES = ("app0", "app1", "large")
_MOST_AT_ONCE = 3


def _flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 4) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def _cut(path: Path, rng: random.Random) -> None:
    os.truncate(path, rng.randint(0, path.stat().st_size))


def _lengthen(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes() + rng.randbytes(rng.randint(1, 5_000)))


def _zero(path: Path, rng: random.Random) -> None:
    """A block, as a power cut leaves it."""
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data) // 4096 + 1) * 4096
    data[at : at + 4096] = bytes(len(data[at : at + 4096]))
    path.write_bytes(data)


def _garble(path: Path, rng: random.Random) -> None:
    """Anything, half of the time of the same size."""
    path.write_bytes(rng.randbytes(path.stat().st_size if rng.random() < 0.5 else rng.randint(0, 300)))


def _nest(path: Path, _: random.Random) -> None:
    path.write_bytes(b'{"layers": ' + b"[" * 100_000)


def _lose(path: Path, _: random.Random) -> None:
    path.unlink()


def _swap(path: Path, rng: random.Random) -> None:
    """With another file of the folder."""
    other = rng.choice(sorted(one for one in path.parent.iterdir() if one.is_file()))
    if other != path:
        aside = path.with_name("aside")
        path.rename(aside)
        other.rename(path)
        aside.rename(other)


_DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    _flip,
    _cut,
    _lengthen,
    _zero,
    _garble,
    _nest,
    _lose,
    _swap,
)


def damaged_caches(ground: Ground, count: int) -> Row:
    """What one moment damages and no pull has met is there at the next. An unfinished download lies there too."""
    row, place = Row(), ground.place()
    known = {image: measure(ground, image, (_TAR,))[_TAR] for image in _IMAGES}
    for number in range(count):
        image = ground.rng.choice(_IMAGES)
        if number % 10 == 0:
            _pull_all(ground, place, known, row)
            _leave_one_unfinished(ground, place)
        done = [_damage(place / "cache", ground.rng) for _ in range(ground.rng.randint(1, _MOST_AT_ONCE))]
        row.counts["damages"] += len(done)
        with row.moment(f"{image} after {', '.join(done)}"):
            _pulls_right(ground, place, image, known[image], row)
    _pull_all(ground, place, known, row)
    with row.moment("in the end"):
        verified = ground.run(["cache", "verify", "--cache-dir", "cache"], place)
        assert verified.status in (0, 6), verified.errors
        _pull_all(ground, place, known, row)
        healed = ground.run(["cache", "verify", "--cache-dir", "cache"], place)
        assert healed.status == 0, healed.output
    row.counts["wrong files"] += len(row.broken)
    return row


def _damage(cache: Path, rng: random.Random) -> str:
    found = sorted(path for path in cache.rglob("*") if path.is_file())
    # Of each kind as often: blobs are many.
    folder = rng.choice(sorted({path.parent for path in found}))
    path = rng.choice([one for one in found if one.parent == folder])
    damage = rng.choice(_DAMAGES)
    damage(path, rng)
    return f"{damage.__name__[1:]} {path.relative_to(cache)}"


def _pulls_right(ground: Ground, place: Path, image: str, known: Known, row: Row) -> None:
    ground.calm()
    done = ground.run(words_of(_TAR, ground.name(image)), place)
    assert done.status == 0, done.errors
    assert fingerprint(place / _TAR.target) == known.right, "a damaged file was shipped"
    # Each blob of it once, at most.
    assert ground.proxy.passed <= ground.size(image) + DOCUMENTS, f"{ground.proxy.passed} bytes were fetched"
    row.counts["pulls"] += 1
    row.counts["healed"] += ground.proxy.passed > DOCUMENTS
    row.counts["bytes fetched again"] += ground.proxy.passed


def _pull_all(ground: Ground, place: Path, known: dict[str, Known], row: Row) -> None:
    for image in _IMAGES:
        with row.moment(f"{image}, after all"):
            _pulls_right(ground, place, image, known[image], row)


def _leave_one_unfinished(ground: Ground, place: Path) -> None:
    """The large blob, and its record."""
    shutil.rmtree(place / "cache" / "ingest")
    for path in (place / "cache" / "blobs" / "sha256").iterdir():
        if path.stat().st_size > MB:
            path.unlink()
    ground.calm()
    ground.proxy.script = lambda _: Fault(rate=8 * MB)
    child = ground.start(words_of(_TAR, ground.name("large")), place)
    ground.proxy.wait_until_passed(8 * MB)
    child.kill()
