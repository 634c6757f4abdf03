"""Which layout a cache folder has: `dget.json`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from dget.codec import SharedLock
from dget.codec.whole_file import write_whole
from dget.errors import StorageError
from dget.store.cache_errors import cache_errors, lock_errors


class _Mark(msgspec.Struct):
    layout: int


def _from_before_versions(folder: Path) -> None:
    """Caches without `dget.json` differ in nothing else, but for what killed processes left beside the records."""
    for path in (folder / "refs").glob("*.json.*"):
        path.unlink(missing_ok=True)


# The step at place N leads from version N to N + 1.
STEPS: Sequence[Callable[[Path], None]] = (_from_before_versions,)


def check_version(folder: Path, *, newest: int = len(STEPS)) -> int:
    """The layout that the folder has; 0 where it says none. Raises StorageError for one that is not known yet."""
    path = folder / "dget.json"
    with cache_errors(path, "read the cache"):
        try:
            found = msgspec.json.decode(path.read_bytes(), type=_Mark).layout
        except FileNotFoundError:
            return 0
        # A garbled mark is written anew: every step may be taken twice.
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return 0
    if found > newest:
        raise StorageError(
            f"the cache {folder} has layout {found}, and this dget knows {newest} at most",
            hint="a newer dget made it: use that one, or choose another folder with --cache-dir",
        )
    return max(0, found)


def migrate(folder: Path, steps: Sequence[Callable[[Path], None]] = STEPS) -> None:
    """Brings a writable folder to the newest layout, while no other process does. Raises StorageError."""
    if check_version(folder, newest=len(steps)) == len(steps):
        return
    with lock_errors(folder / "guard"), SharedLock(folder / "guard").alone():
        # Another process may have done it while we waited.
        for step in steps[check_version(folder, newest=len(steps)) :]:
            step(folder)
        write_whole(folder / "dget.json", msgspec.json.encode(_Mark(layout=len(steps))))
