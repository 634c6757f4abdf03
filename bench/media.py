"""Where the tools write: memory, a disk, and a file system whose files can share blocks."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from bench.cases import Medium
from bench.units import GB, MB

SHARED_MEMORY = Path("/dev/shm")
_XFS_SIZE = 4 * GB
_WARMED = 8 * GB
_UNMOUNTED_WITHIN = 10.0


class Unavailable(Exception):
    """Says why a case is left out."""


class Media:
    """A folder on each medium, made when it is first asked for; all are gone at the end of the `with`."""

    def __init__(self, disk: Path) -> None:
        """disk: a folder on the disk to measure."""
        self._disk = disk
        self._open = contextlib.ExitStack()
        self._folders: dict[Medium, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._open.close()

    def folder(self, medium: Medium, space: int) -> Path:
        """space: bytes that must be free. Raises Unavailable."""
        if medium not in self._folders:
            self._folders[medium] = self._open.enter_context(self._made(medium))
        folder = self._folders[medium]
        free = min(shutil.disk_usage(folder).free, free_memory() if medium == "memory" else space)
        if free < space:
            raise Unavailable(f"needs {space / GB:.1f} GB of {medium}, and {free / GB:.1f} are free")
        return folder

    def _made(self, medium: Medium) -> "contextlib.AbstractContextManager[Path]":
        if medium == "memory":
            return _temporary(SHARED_MEMORY)
        if medium == "disk":
            return _temporary(self._disk)
        return self._xfs()

    @contextlib.contextmanager
    def _xfs(self) -> Iterator[Path]:
        if os.geteuid() != 0 or shutil.which("mkfs.xfs", path="/usr/sbin:/sbin") is None:
            raise Unavailable("needs root, to mount a file, and mkfs.xfs (Debian's package xfsprogs)")
        with _temporary(self._disk) as folder:
            file, place = folder / "xfs", folder / "mounted"
            place.mkdir()
            with file.open("wb") as image:
                image.truncate(_XFS_SIZE)
            try:
                subprocess.run(["/sbin/mkfs.xfs", "-q", "-m", "reflink=1", file], check=True, capture_output=True)
                subprocess.run(["mount", "-o", "loop", file, place], check=True, capture_output=True)
            except subprocess.CalledProcessError as error:
                raise Unavailable(f"no XFS can be mounted: {error.stderr.decode().strip()}") from error
            try:
                yield place
            finally:
                _unmount(place)


def _unmount(place: Path) -> None:
    """Waits for who was killed a moment ago, and still holds a file there."""
    deadline = time.monotonic() + _UNMOUNTED_WITHIN
    while subprocess.run(["umount", place], check=False, capture_output=True).returncode:
        if time.monotonic() > deadline:
            subprocess.run(["umount", "--lazy", place], check=True)
            return
        time.sleep(0.1)


def warm_memory() -> None:
    """Touches memory once: a virtual machine's own is slow the first time, which is nobody's merit or fault."""
    zeros = bytes(MB)
    with _temporary(SHARED_MEMORY) as folder, (folder / "zeros").open("wb") as file:
        for _ in range(min(_WARMED, free_memory() // 2) // MB):
            file.write(zeros)


def free_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    values = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(values["MemAvailable"].split()[0]) * 1024


@contextlib.contextmanager
def _temporary(where: Path) -> Iterator[Path]:
    if not where.is_dir():
        raise Unavailable(f"there is no {where}")
    with tempfile.TemporaryDirectory(prefix="dget-bench-", dir=where) as folder:
        yield Path(folder)
