"""A small file system in a file, mounted for a test: it fills up, shares blocks, and loses its power. Needs root."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

import pytest

from tests.parts.process import need

Kind: TypeAlias = Literal["btrfs", "ext4", "xfs"]
# The least that mkfs takes.
XFS_MIN = 320 << 20
BTRFS_MIN = 128 << 20
_PACKAGES: dict[Kind, str] = {"btrfs": "btrfs-progs", "ext4": "e2fsprogs", "xfs": "xfsprogs"}
# No blocks for root alone.
_MAKE: dict[Kind, list[str]] = {
    "ext4": ["-q", "-F", "-m", "0"],
    "xfs": ["-q", "-f", "-m", "reflink=1"],
    "btrfs": ["-q", "-f"],
}
_TIMEOUT = 60
_FREE_WITHIN = 10.0


class LoopMount:
    """Mounted at `folder` from construction until `stop`, or for the length of a `with`.

    Skips, with the reason, where this machine or user cannot mount.
    """

    def __init__(self, place: Path, kind: Kind, size: int) -> None:
        """place: a folder for the disk's file and the mount point; size: of the disk, in bytes."""
        if not sys.platform.startswith("linux") or os.geteuid() != 0:
            pytest.skip("mounting a file system in a file needs Linux and root")
        self._kind = kind
        make = need(f"mkfs.{kind}", _PACKAGES[kind])
        self.folder = place / "mounted"
        self.folder.mkdir(parents=True)
        self._disk = place / "disk"
        with self._disk.open("wb") as file:
            file.truncate(size)
        _run(make, *_MAKE[kind], self._disk)
        try:
            self._mount()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"{kind} cannot be mounted here: {error.stderr.strip()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def free(self) -> int:
        """Bytes, for anybody."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    @property
    def used(self) -> int:
        """Bytes, once all that was written is in its place; blocks that files share count once."""
        self.settle()
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def fill(self, leave: int = 0) -> Path:
        """A file that takes all the room there is, but for about `leave` bytes."""
        path = self.folder / "filler"
        piece = bytes(1 << 20)
        with path.open("wb", buffering=0) as file:
            # What was reserved for a while is free again when all is in its place.
            for _ in range(3):
                with contextlib.suppress(OSError):
                    while file.write(piece):
                        pass
                self.settle()
        os.truncate(path, max(0, path.stat().st_size - leave))
        self.settle()
        return path

    def settle(self) -> None:
        """Returns when all that was written is on the disk."""
        _run("sync", "-f", self.folder)

    def make_read_only(self) -> None:
        """ext4 alone: also for whoever has files open, as the kernel does when a disk fails. Until `come_back`."""
        # A plain remount is refused while somebody writes.
        _run("mount", "-o", "remount,abort", self.folder)

    def allow(self, size: int | None) -> None:
        """Btrfs alone: so many bytes may be taken, by anybody; None is as many as there are."""
        _run(need("btrfs", "btrfs-progs"), "quota", "enable", self.folder)
        _run("btrfs", "qgroup", "limit", "none" if size is None else str(size), self.folder)

    def cut_power(self) -> None:
        """XFS alone: from now on nothing reaches the disk; what was not synced is lost when it comes back."""
        _run(need("xfs_io", "xfsprogs"), "-x", "-c", "shutdown", self.folder)

    def come_back(self) -> None:
        """Mounts it again, as after a reboot. Nobody may have a file of it open."""
        self._unmount()
        # Any process that was given mounts of its own meanwhile still has this one, which is shut down for good, and
        # would hand it on to whoever mounts the same disk.
        again = self._disk.with_name(f"{self._disk.name}-again")
        _run("cp", "--sparse=always", self._disk, again)
        again.replace(self._disk)
        # XFS refuses what it believes to be there twice.
        self._mount(*(["nouuid"] if self._kind == "xfs" else []))

    def stop(self) -> None:
        self._unmount()
        self._disk.unlink()

    def _mount(self, *options: str) -> None:
        _run("mount", "-o", ",".join(["loop", *options]), self._disk, self.folder)

    def _unmount(self) -> None:
        # Processes that were killed let go of their files a moment later.
        deadline = time.monotonic() + _FREE_WITHIN
        while True:
            try:
                _run("umount", self.folder)
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    _run("umount", "--lazy", self.folder)
                    raise
                time.sleep(0.05)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
