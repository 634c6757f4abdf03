"""Signals, and readers that go away."""

import os
import signal
import threading
import time
from pathlib import Path

from tests.parts.fault_proxy import Fault
from torture.ground import MB, Ground, fingerprint
from torture.row import Row
from torture.shapes import SHAPES, measure, words_of

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
_RATE, _SLOW = 4 * MB, 1.2
_STORAGE = 8
_ENDS_WITHIN = 1.0


def signals(ground: Ground, count: int) -> Row:
    """At random moments of a pull over a slow network."""
    row, shapes = Row(), SHAPES[:count]
    known = measure(ground, "large", shapes)
    for number in range(count):
        shape, place = shapes[number % len(shapes)], ground.place()
        sent = _NUMBERS[number // len(shapes) % len(_NUMBERS)] if count > len(_NUMBERS) else _NUMBERS[number]
        words, target = words_of(shape, ground.name("large")), place / shape.target
        ground.calm()
        ground.proxy.script = lambda _: Fault(rate=_RATE)
        moment = ground.rng.uniform(0, _SLOW)
        with row.moment(f"{shape.name}, {sent.name} after {moment:.3f} s"):
            child = ground.start(words, place)
            time.sleep(moment)
            in_time = child.runs
            asked = time.monotonic()
            child.signal(sent)
            if sent is signal.SIGPIPE:
                ground.proxy.script = lambda _: Fault()
            done = child.wait()
            took = time.monotonic() - asked
            row.counts["signals"] += in_time
            if in_time and sent is not signal.SIGPIPE:
                row.counts["slowest end, ms"] = max(row.counts["slowest end, ms"], round(took * 1000))
                assert took < _ENDS_WITHIN, f"it ended after {took:.1f} s"
            # Before its first step a process ends by the signal itself, which a shell shows as the same number.
            right = {0} if sent is signal.SIGPIPE else {128 + sent, -sent, 0}
            assert done.status in right, f"status {done.status}: {done.errors}"
            if target.is_file():
                assert fingerprint(target) == known[shape].right, "the file is there, and wrong"
            ground.proxy.script = lambda _: Fault()
            again = ground.run(words, place)
            assert again.status == 0 or (target.exists() and "is there" in again.errors), again.errors
            assert fingerprint(target) == known[shape].right, "after the next run the file is wrong"
            row.counts["bytes fetched again"] += max(0, ground.proxy.passed - ground.size("large"))
    return row


def readers_that_go(ground: Ground, count: int) -> Row:
    """Of an archive that is written to a pipe, after some bytes of it."""
    row = Row()
    for number in range(count):
        place = ground.place()
        pipe = place / "pipe"
        os.mkfifo(pipe)
        more = ("--compress", "zstd") if number % 2 else ()
        words = [ground.name("large"), "-arch", "amd64", "-o", "-", "--no-cache", *more]
        wanted = round(ground.rng.uniform(0, 0.9) * ground.size("large"))
        ground.calm()
        with row.moment(f"{' '.join(more) or 'plain'}, its reader gone after {wanted} bytes"):
            reader = threading.Thread(target=_read, args=(pipe, wanted))
            reader.start()
            child = ground.start(words, place, output=pipe)
            reader.join()
            gone = time.monotonic()
            done = child.wait()
            took = time.monotonic() - gone
            row.counts["slowest end, ms"] = max(row.counts["slowest end, ms"], round(took * 1000))
            assert done.status == _STORAGE, f"status {done.status}: {done.errors}"
            assert "ended before it had all of it" in done.errors, done.errors
            assert took < _ENDS_WITHIN, f"it ended after {took:.1f} s"
            left = sorted(path.name for path in ground.temporary.iterdir())
            assert not left, f"left among temporary files: {left}"
        row.counts["readers"] += 1
    return row


def _read(pipe: Path, wanted: int) -> None:
    with pipe.open("rb", buffering=0) as file:
        while wanted > 0 and (piece := file.read(min(wanted, 1 << 16))):
            wanted -= len(piece)
