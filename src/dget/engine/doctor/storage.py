"""Where downloads are kept: the cache folder and the room on its disk."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dget.codec import disk_errors
from dget.engine.doctor.finding import Finding
from dget.errors import StorageError

_SAMPLE = 1 << 20
_SMALL = 100 << 20
_LOW = 2 << 30
_GIGA = 1e9
_CACHE_HINT = "choose another folder with --cache-dir, or do without the cache: --no-cache"


def cache_finding(folder: Path | None) -> Finding:
    """Whether the cache can be written. folder: None where the person wants none."""
    if folder is None:
        return Finding.ok("cache", "not used (--no-cache)")
    sample = folder / f"doctor.{os.getpid()}"
    try:
        with disk_errors(folder, "write the cache:", hint=_CACHE_HINT):
            folder.mkdir(parents=True, exist_ok=True)
            with sample.open("wb") as file:
                file.write(bytes(_SAMPLE))
                file.flush()
                os.fsync(file.fileno())
    except StorageError as error:
        return Finding.problem("cache", error)
    finally:
        with contextlib.suppress(OSError):
            sample.unlink()
    return Finding.ok("cache", f"{folder} can be written, {_size(folder) / _GIGA:.2f} GB are kept there")


def disk_findings(folders: dict[str, Path]) -> Iterator[Finding]:
    """The room on the disks of these folders, each disk once. folders: by what they are for."""
    seen = set()
    for purpose, folder in folders.items():
        with contextlib.suppress(OSError):
            there = next(place for place in (folder, *folder.parents) if place.exists())
            device = there.stat().st_dev
            if device not in seen:
                seen.add(device)
                yield _disk_finding(purpose, folder, shutil.disk_usage(there).free)


def _disk_finding(purpose: str, folder: Path, free: int) -> Finding:
    text = f"{free / _GIGA:.2f} GB are free for {purpose} ({folder})"
    if free < _SMALL:
        return Finding.problem("disk", StorageError(f"the disk is full: {text}", hint="free some space"))
    if free < _LOW:
        return Finding.warning("disk", text, "large images need more: free some space")
    return Finding.ok("disk", text)


def _size(folder: Path) -> int:
    """Bytes of all files below; what vanishes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).stat().st_size
    return total
