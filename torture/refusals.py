"""Every kind of call to the system refused, one at a time, wherever it is made: strace stands between dget and the kernel."""

import re
import subprocess
import sys
from pathlib import Path

from tests.parts.process import need
from torture.children import Ended
from torture.ground import Ground, fingerprint
from torture.row import Row
from torture.shapes import SHAPES, measure, words_of

_STORAGE = 8
_WITHIN = 120
# What is refused, and what a disk may say to it.
_REFUSALS = {
    "write": ("ENOSPC", "EDQUOT", "EIO"),
    "pwritev2": ("ENOSPC", "EDQUOT", "EIO"),
    "preadv2": ("EIO",),
    "rename": ("ENOSPC", "EDQUOT", "EROFS", "EACCES"),
    "mkdir": ("ENOSPC", "EROFS", "EACCES"),
    "ftruncate": ("ENOSPC", "EIO"),
    "fallocate": ("ENOSPC", "EDQUOT", "EIO"),
    "fdatasync": ("EIO",),
    "fsync": ("EIO", "ENOSPC"),
    "unlink": ("EROFS", "EACCES"),
    "flock": ("ENOLCK",),
}
# So many of a kind are made in a pull, about.
_CALLS = 12
_CACHED = tuple(shape for shape in SHAPES if shape.cached)


def refused_calls(ground: Ground, count: int) -> Row:
    strace, row = need("strace", "strace"), Row()
    known = measure(ground, "app0", _CACHED[:count])
    shapes, refusals = tuple(known), [(call, error) for call, errors in _REFUSALS.items() for error in errors]
    ground.rng.shuffle(refusals)
    for number in range(count):
        shape, (call, error) = shapes[number % len(shapes)], refusals[number % len(refusals)]
        place, log, place_of = ground.place(), ground.folder / "trace", ground.rng.randint(1, _CALLS)
        words, target = words_of(shape, ground.name("app0")), place / shape.target
        refuse = f"inject={call}:error={error}:when={place_of}"
        with row.moment(f"{shape.name}, {call} number {place_of} is {error}"):
            done = _traced(
                [strace, "-f", "-y", "-o", str(log), "-e", f"trace={call}", "-e", refuse], words, place, ground
            )
            # A call that others came in between of is told in two lines.
            refused = re.search(r".* = -1 .*INJECTED", log.read_text(errors="replace"))
            row.counts["refused"] += refused is not None
            said = f"{refused[0] if refused else 'nothing was refused'}: {done.errors}"
            row.counts["ended by it"] += done.status == _STORAGE
            assert done.status in ((0, _STORAGE) if refused else (0,)), f"status {done.status}: {said}"
            assert "Traceback" not in said, said
            if done.status == 0 or target.is_file():
                assert fingerprint(target) == known[shape].right, f"the file is there, and wrong: {said}"
            again = ground.run(words, place)
            assert again.status == 0, f"the next run, after {said}: {again.errors}"
            assert fingerprint(target) == known[shape].right, f"after the next run the file is wrong: {said}"
    return row


def _traced(strace: list[str], words: list[str | Path], place: Path, ground: Ground) -> Ended:
    done = subprocess.run(
        [*strace, sys.executable, "-m", "dget", *map(str, words)],
        cwd=place,
        env=ground.environment,
        capture_output=True,
        timeout=_WITHIN,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr.decode(errors="replace"), 0.0)
