"""What fuzzing found stays mended, and a little more of it each time: the same bytes in every run."""

import random
import time
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS, run

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
_CHANGED = 60
_SECONDS_MAX = 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_known_is_read_or_refused(path):
    begun = time.monotonic()
    data = path.read_bytes()
    run(TARGETS[path.parent.name], data)
    assert time.monotonic() - begun < _SECONDS_MAX
    assert data == path.read_bytes()


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_known_is_read_or_refused_when_it_is_changed(name):
    chance = random.Random(name)
    known = [path.read_bytes() for path in FILES if path.parent.name == name]
    assert known
    for _ in range(_CHANGED):
        data = changed(known, chance)
        try:
            run(TARGETS[name], data)
        except Exception as error:
            raise AssertionError(f"{name} breaks on {data!r}") from error


def changed(known: list[bytes], chance: random.Random) -> bytes:
    """Bytes flipped, cut out, doubled, or taken from another file, a few times."""
    data = bytearray(chance.choice(known))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 8, 100)))
        match chance.randrange(4):
            case 0:
                data[at:end] = chance.randbytes(end - at)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
            case 3:
                other = chance.choice(known)
                data[at:end] = other[at:end]
    return bytes(data)
