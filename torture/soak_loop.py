"""Many pulls in one process, of which many fail: `python -m torture.soak_loop`, with JSON on standard input.

A line of JSON for each ten on standard output: how each ended, and what the process has then, their client closed.
"""

import contextlib
import gc
import json
import os
import random
import shutil
import sys
import threading
import time
from pathlib import Path

from dget import Client, DgetError, Settings
from dget.api import Cache
from dget.flow import Cancel
from torture.ground import fingerprint

# How long threads of a run that was cancelled may take to end.
_SETTLES_WITHIN = 3.0
_NAMES = ("x.tar", "x.tar.gz", "x.tar.zst", "folder/x.tar")


def main() -> None:
    told = json.loads(sys.stdin.read())
    rng = random.Random(told["seed"])
    settings = Settings(cache_dir=Path("cache"), timeout=2.0, environment={})
    for _ in range(told["tens"]):
        with Client(settings) as client:
            ended = [_pull(client, settings, told["images"], rng) for _ in range(10)]
        print(json.dumps({"ended": ended, "has": _has()}), flush=True)


def _pull(client: Client, settings: Settings, images: dict[str, dict[str, str]], rng: random.Random) -> str:
    """How it ended: `right`, the code of its error, or what ought not to be."""
    image, name = rng.choice(sorted(images)), rng.choice(_NAMES)
    shutil.rmtree("out", ignore_errors=True)
    Path("out").mkdir()
    target, cancel = Path("out") / name, Cancel()
    # Neither a file nor a folder can be made there.
    if rng.random() < 0.05:
        Path("out/folder").touch()
    if rng.random() < 0.1:
        Cache(settings).prune(max_size=rng.choice((0, 2_000_000)))
    if rng.random() < 0.1:
        _damage(rng)
    timer = threading.Timer(rng.uniform(0, 0.2), cancel.cancel)
    if rng.random() < 0.15:
        timer.start()
    try:
        client.pull(image, platform="amd64", output=target, cancel=cancel)
    except DgetError as error:
        return error.code if not target.exists() else f"{error.code}, and the file is there"
    except Exception as error:  # noqa: BLE001 - told
        return f"{type(error).__name__}: {error}"
    finally:
        timer.cancel()
    return "right" if fingerprint(target) == images[image][target.name] else f"{target.name} of {image} is wrong"


def _damage(rng: random.Random) -> None:
    if blobs := sorted(Path("cache/blobs/sha256").glob("*")):
        path = rng.choice(blobs)
        path.write_bytes(path.read_bytes()[:-1] + b"?")


def _has() -> dict[str, int]:
    deadline = time.monotonic() + _SETTLES_WITHIN
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
