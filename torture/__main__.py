"""`make torture`: the long versions of what `docs/reliability.md` promises, a row each."""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from torture.ground import Ground
from torture.row import Row
from torture.rows import ROWS, Torture

_MAX_TOLD = 5


def main() -> int:
    asked = _arguments().parse_args()
    rows = [row for row in ROWS if not asked.row or row.name in asked.row]
    if asked.list or not rows:
        print(*(f"{row.name:<22}{row.long:>5}  {row.fault}" for row in ROWS), sep="\n")
        return 0 if asked.list else 2
    # SIGTERM unwinds as Ctrl-C does, so that nothing that was started is left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {seed}: the same moments again with TORTURE_ARGS='--seed {seed}'", flush=True)
    broken = 0
    for row in rows:
        try:
            broken += _run(row, max(1, round(row.long * asked.scale)), seed, asked.folder)
        except KeyboardInterrupt:
            print("interrupted; everything that was started is stopped", file=sys.stderr)
            return 130
    print(f"{broken} promises broken" if broken else "every promise kept")
    return 1 if broken else 0


def _run(torture: Torture, count: int, seed: int, folder: Path) -> int:
    """How many promises were broken."""
    place = Path(tempfile.mkdtemp(prefix="dget-torture-", dir=folder))
    begun = time.monotonic()
    try:
        # Each row has chances of its own, whichever rows run before it.
        with Ground(place, random.Random(f"{seed} {torture.name}")) as ground:
            row = torture.scenario(ground, count)
    except AssertionError as error:
        row = Row(broken=[f"{error}"])
    except pytest.skip.Exception as missing:
        print(f"{torture.name:<22}not run: {missing}", flush=True)
        return 1
    finally:
        shutil.rmtree(place, ignore_errors=True)
    counts = ", ".join(f"{name} {number:,}" for name, number in row.counts.items())
    verdict = "BROKEN" if row.broken else "ok"
    print(f"{torture.name:<22}{verdict:<8}{time.monotonic() - begun:>5.0f} s  {counts}", flush=True)
    for text in row.broken[:_MAX_TOLD]:
        print(f"    {text}", flush=True)
    return len(row.broken)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--row", action="append", default=[], metavar="NAME", help="only this one")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="of all random moments; default: a new one, which is told"
    )
    parser.add_argument("--scale", type=float, default=1.0, metavar="F", help="so many times the usual counts")
    parser.add_argument("--list", action="store_true", help="the rows and their counts")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where everything is made")
    return parser


if __name__ == "__main__":
    sys.exit(main())
