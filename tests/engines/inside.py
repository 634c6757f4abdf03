"""A command inside a root, in namespaces of its own: mounts, processes, cgroups, network and IPC.

This file is also the program that does it; it needs nothing but the standard library.
What the command mounts, starts or writes outside the exchange folder is gone when it ends; the root stays as it was.
There is no network, so that what an engine runs can only have come from the exchange folder.
"""

import ctypes
import errno
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

# sched.h and sys/prctl.h; Python has os.unshare from 3.12 on.
_NEW_MOUNTS = 0x00020000
_NEW_CGROUPS = 0x02000000
_NEW_IPC = 0x08000000
_NEW_PROCESSES = 0x20000000
_NEW_NETWORK = 0x40000000
_DIE_WITH_PARENT = 1

# What chroot(1) ends with when it fails itself.
_CANNOT_RUN = 125

_SCRATCH = Path("mnt")


def inside(root: Path, exchange: Path) -> Callable[[Sequence[str | Path]], list[str]]:
    """A launcher: makes of a command the one that runs it in `root`, where `exchange` has the path that it has here.

    The process that this starts stands for the command: it has its exit status and passes signals on.
    """
    enter = [sys.executable, "-I", str(Path(__file__).resolve()), str(root), str(exchange)]
    return lambda command: [*enter, *map(str, command)]


def main(root: Path, exchange: Path, command: list[str]) -> int:
    os.chdir(root)
    _unshare(_NEW_MOUNTS)
    _do("mount", "--make-rprivate", "/")
    _do("mount", "-t", "tmpfs", "tmpfs", str(_SCRATCH))
    (_SCRATCH / "cgroups").mkdir()
    _do("mount", "-t", "cgroup2", "cgroup2", str(_SCRATCH / "cgroups"))
    cgroups = os.open(_SCRATCH / "cgroups", os.O_RDONLY)
    cgroup = f"dget-test-engines-{os.getpid()}"
    os.mkdir(cgroup, dir_fd=cgroups)
    try:
        return _with_init(exchange, command, _SCRATCH / "cgroups" / cgroup)
    finally:
        _remove_cgroup(cgroups, cgroup)


def _with_init(exchange: Path, command: list[str], cgroup: Path) -> int:
    _unshare(_NEW_PROCESSES | _NEW_NETWORK | _NEW_IPC)
    # The first child is the new process namespace's init: when it ends, all processes in there do.
    init = os.fork()
    if init == 0:
        os._exit(_init(exchange, command, cgroup))
    _pass_signals_to(init)
    return os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])


def _init(exchange: Path, command: list[str], cgroup: Path) -> int:
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        _become_root_of(cgroup)
        _enter(exchange)
        return _run(command)
    except Exception:  # noqa: BLE001 - nobody above this process would show it
        traceback.print_exc()
        return _CANNOT_RUN


def _become_root_of(cgroup: Path) -> None:
    """In a cgroup namespace, so that engines make theirs below `cgroup`; a process in it would forbid that."""
    (cgroup / "cgroup.procs").write_text("0")
    _unshare(_NEW_CGROUPS)
    (cgroup / "init").mkdir()
    (cgroup / "init/cgroup.procs").write_text("0")


def _enter(exchange: Path) -> None:
    """Makes an overlay of the working folder the root of this mount namespace, with writes kept in memory."""
    upper, work, new = (_SCRATCH / name for name in ("upper", "work", "new"))
    for folder in (upper, work, new):
        folder.mkdir()
    _do("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=.,upperdir={upper},workdir={work}", str(new))
    _do("mount", "-t", "proc", "proc", str(new / "proc"))
    _do("mount", "--rbind", "/dev", str(new / "dev"))
    # podman keeps locks here, which are not to be those of the machine's own podman.
    _do("mount", "-t", "tmpfs", "tmpfs", str(new / "dev/shm"))
    _do("mount", "-t", "sysfs", "sysfs", str(new / "sys"))
    # Version 2 alone, also where the machine has both: crun refuses the mixture.
    _do("mount", "-t", "cgroup2", "cgroup2", str(new / "sys/fs/cgroup"))
    inner = new / exchange.relative_to("/")
    inner.mkdir(parents=True, exist_ok=True)
    _do("mount", "--bind", str(exchange), str(inner))
    _do("pivot_root", str(new), str(new / _SCRATCH))
    os.chdir(exchange)
    _do("umount", "--lazy", f"/{_SCRATCH}")


def _run(command: list[str]) -> int:
    """Runs `command` and buries orphans until it ends. Returns its exit status as a shell would."""
    os.environ |= {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    os.environ.pop("TMPDIR", None)
    child = os.posix_spawnp(command[0], command, os.environ)
    _pass_signals_to(child)
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _pass_signals_to(process: int) -> None:
    def pass_on(number: int, frame: FrameType | None) -> None:
        os.kill(process, number)

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)


def _remove_cgroup(parent: int, name: str) -> None:
    for _, folders, _, at in os.fwalk(name, topdown=False, dir_fd=parent):
        for folder in folders:
            _remove_folder(folder, at)
    _remove_folder(name, parent)


def _remove_folder(name: str, parent: int) -> None:
    # The kernel may take a moment to forget processes that have ended.
    for _ in range(100):
        try:
            os.rmdir(name, dir_fd=parent)
            return
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
        time.sleep(0.02)


def _unshare(namespaces: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(namespaces) != 0:
        raise OSError(ctypes.get_errno(), f"unshare: {os.strerror(ctypes.get_errno())}")


def _do(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
