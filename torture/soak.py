"""One process that pulls on and on, over a network and with a cache that fail it in all ways."""

import json
import subprocess
import sys
from pathlib import Path

from tests.parts.fault_proxy import NO_FAULT, Asked, Fault
from torture.ground import MB, Ground
from torture.row import Row
from torture.shapes import Shape, measure

_WITHIN = 1_800
_IMAGES = ("app0", "large")
_TARGETS = ("x.tar", "x.tar.gz", "x.tar.zst")
# glibc keeps what zstd's threads had, in a pool for each: what is free must not look as if it were not.
_GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "131072"}
# Pools of memory fill up in the beginning; then nothing may grow but by what one pull differs from another.
_WARM = 0.4
_MEMORY = 12 * MB


def soak(ground: Ground, count: int) -> Row:
    """count: of tens of pulls, after each of which it is looked at what the process has."""
    row, place, images = Row(), ground.place(), {}
    for image in _IMAGES:
        shapes = {target: Shape(target, target, ("--no-cache",)) for target in _TARGETS}
        known = measure(ground, image, shapes.values())
        images[ground.name(image)] = {target: known[shape].right for target, shape in shapes.items()}
    told = {"tens": count, "seed": ground.rng.randrange(10**6), "images": images}
    ground.proxy.script = lambda asked: _fault(ground, asked)
    done = subprocess.run(
        [sys.executable, "-m", "torture.soak_loop"],
        input=json.dumps(told),
        cwd=place,
        env={**ground.environment, **_GIVES_BACK, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    for ended in (how for ten in seen for how in ten["ended"]):
        row.counts["pulls"] += 1
        row.counts["right" if ended == "right" else "failed as they should"] += 1
        # An error's code is one word.
        if " " in ended:
            row.broken.append(ended)
    warm, last = seen[int(_WARM * len(seen))]["has"], seen[-1]["has"]
    for what, more in (("memory", _MEMORY), ("files", 0), ("threads", 0)):
        row.counts[f"{what} grown by"] = last[what] - warm[what]
        if last[what] - warm[what] > more:
            row.broken.append(f"{what}: {[ten['has'][what] for ten in seen]}")
    return row


def _fault(ground: Ground, asked: Asked) -> Fault:
    rng = ground.rng
    faults = (
        Fault(reset_after=rng.randrange(2 * MB)),
        Fault(status=rng.choice((500, 502, 503))),
        Fault(status=429, retry_after="0"),
        Fault(delay=rng.uniform(0, 0.3)),
        Fault(ignore_range=True),
        Fault(rate=20 * MB),
        Fault(status=404),
        *([Fault(shift=rng.randrange(1, 5_000), hide_shift=True)] if asked.range else []),
    )
    return rng.choice(faults) if rng.random() < 0.12 else NO_FAULT
