"""What operating systems do differently: positional I/O and file locks."""

import contextlib
import errno
import os
import struct
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from dget.codec.room import taken
from dget.codec.storage_errors import disk_errors
from dget.errors import StorageError

# Linux and the BSDs take no more buffers in one call.
_BUFFERS_MAX = 1000
# What file systems share is whole blocks.
_BLOCK = 4096
_TRY_AGAIN = 0.02

if sys.platform == "win32":
    import msvcrt

    _seek_lock = threading.Lock()

    def _write_some(handle: int, buffers: Sequence[memoryview], at: int) -> int:
        with _seek_lock:
            os.lseek(handle, at, os.SEEK_SET)
            return os.write(handle, buffers[0])

    def _read_some(handle: int, buffers: Sequence[memoryview], at: int) -> int:
        with _seek_lock:
            os.lseek(handle, at, os.SEEK_SET)
            data = os.read(handle, len(buffers[0]))
        buffers[0][: len(data)] = data
        return len(data)

    def _read(handle: int, size: int, at: int) -> bytes:
        with _seek_lock:
            os.lseek(handle, at, os.SEEK_SET)
            return os.read(handle, size)

    def _lock(handle: int) -> None:
        # What is locked cannot be read: a byte far behind the holder's number.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    # What the system says of a lock that somebody else holds.
    _HELD = PermissionError

    def _allocate(handle: int, size: int) -> None:
        """Windows gives no room before it is written."""

    def _clone(source: int, target: int, at: int, size: int) -> bool:  # noqa: ARG001 - the other system's shape
        return False

    _sync_data = os.fsync

    def sync_folder(folder: Path) -> None:
        """Windows has no handles of folders that could be synced."""

else:
    import fcntl

    def _write_some(handle: int, buffers: Sequence[memoryview], at: int) -> int:
        return os.pwritev(handle, buffers, at)

    def _read_some(handle: int, buffers: Sequence[memoryview], at: int) -> int:
        return os.preadv(handle, buffers, at)

    _read = os.pread

    def _allocate(handle: int, size: int) -> None:
        # tmpfs has no cheap way: it would take every page now, one after the other (0.1 s for 375 MB).
        if sys.platform == "linux" and not _in_memory(handle):
            os.posix_fallocate(handle, 0, size)

    def _in_memory(handle: int) -> bool:
        """Whether the file is on a tmpfs. Source: proc_pid_mountinfo(5)."""
        device = os.fstat(handle).st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        try:
            mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
        except OSError:
            return False
        return any(mount.split()[2] == wanted and " - tmpfs " in mount for mount in mounts)

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    _HELD = BlockingIOError

    # linux/fs.h: FICLONERANGE, struct file_clone_range { s64 src_fd; u64 src_offset, src_length, dest_offset }.
    _FICLONERANGE = 0x4020940D

    def _clone(source: int, target: int, at: int, size: int) -> bool:
        try:
            fcntl.ioctl(target, _FICLONERANGE, struct.pack("qQQQ", source, 0, size, at))
        except OSError:
            return False
        return True

    _sync_data = getattr(os, "fdatasync", os.fsync)
    # What file systems say that sync no folders: some in user space, and shares.
    # ENOTSUP is a number of its own on macOS.
    _NO_SYNC = frozenset(
        {errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EPERM}
    )

    def sync_folder(folder: Path) -> None:
        """Returns when the disk knows which files `folder` has, where folders may be opened and synced. Raises OSError."""
        try:
            handle = os.open(folder, os.O_RDONLY)
        except PermissionError:
            # One may write into a folder, and not read it.
            return
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise
        finally:
            os.close(handle)


class PositionalFile:
    """A file that threads read and write at given places. Every method raises StorageError."""

    def __init__(self, path: Path, *, create: bool = False, size: int | None = None) -> None:
        """size: bytes that it is to have, where that is known."""
        flags = (os.O_RDWR | os.O_CREAT if create else os.O_RDONLY) | getattr(os, "O_BINARY", 0)
        self.path = path
        self._size = size
        with disk_errors(path, "create" if create else "read"):
            self._handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666)

    def fileno(self) -> int:
        return self._handle

    def write_at(self, at: int, buffers: Sequence[bytes | memoryview]) -> None:
        """All of `buffers`, one after the other, from byte `at` on."""
        left = [memoryview(buffer) for buffer in buffers if len(buffer)]
        with disk_errors(self.path, "write", need=lambda: max(self._to_come(), sum(map(len, left)))):
            while left:
                written = _write_some(self._handle, left[:_BUFFERS_MAX], at)
                at += written
                left = _after(left, written)

    def read_into(self, at: int, buffers: Sequence[memoryview]) -> int:
        """Fills `buffers` from byte `at` on; how many bytes there were, fewer at the end of the file alone."""
        left = [buffer for buffer in buffers if len(buffer)]
        total = 0
        with disk_errors(self.path, "read"):
            while left:
                count = _read_some(self._handle, left[:_BUFFERS_MAX], at + total)
                if count == 0:
                    break
                total += count
                left = _after(left, count)
        return total

    def clone_from(self, file: "PositionalFile", at: int, size: int) -> bool:
        """Shares the first `size` bytes of `file` from byte `at` on, where the file system can; whether it did.

        Whole blocks are shared; what is left over at the end is written.
        """
        whole = size - size % _BLOCK
        if at % _BLOCK or not whole or not _clone(file.fileno(), self._handle, at, whole):
            return False
        tail = memoryview(bytearray(size - whole))
        file.read_into(whole, [tail])
        self.write_at(at + whole, [tail])
        return True

    def read_at(self, at: int, size: int) -> bytes:
        """Up to `size` bytes from byte `at` on; fewer at the end of the file alone."""
        with disk_errors(self.path, "read"):
            data = _read(self._handle, size, at)
            while 0 < len(data) < size and (more := _read(self._handle, size - len(data), at + len(data))):
                data += more
        return data

    def sync_data(self) -> None:
        """Returns when the disk has all that was written."""
        with disk_errors(self.path, "write"):
            _sync_data(self._handle)

    def allocate(self, size: int) -> None:
        """Takes the room for `size` bytes now, where the file system can; else it is taken byte by byte."""
        with disk_errors(self.path, "take the room for", need=lambda: max(0, size - taken(self.path))):
            try:
                _allocate(self._handle, size)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP):
                    raise

    def truncate(self, size: int) -> None:
        with disk_errors(self.path, "write", need=lambda: max(0, size - taken(self.path))):
            os.ftruncate(self._handle, size)

    def _to_come(self) -> int:
        """Bytes of room that it will need yet."""
        return 0 if self._size is None else max(0, self._size - taken(self.path))

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class FileLock:
    """An exclusive lock on a file of its own, held until `release` or the end of the process.

    The file names its holder.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    @classmethod
    def try_take(cls, path: Path) -> "FileLock | None":
        """The lock, or None where another process or thread holds it. Raises OSError."""
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
            try:
                _lock(handle)
                ours = _still_at(path, handle)
            except OSError as error:
                os.close(handle)
                if isinstance(error, _HELD):
                    return None
                raise
            if ours:
                # A full disk takes no number, and the lock is ours all the same.
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, 0)
                    os.write(handle, str(os.getpid()).encode())
                return cls(path, handle)
            # Its last holder removed the file between our open and our lock.
            os.close(handle)

    @classmethod
    def is_held(cls, path: Path) -> bool:
        """Whether somebody holds it; where nobody does, what is left of it is removed. Raises OSError."""
        # A full disk would not take the file that is made for a lock.
        if not path.exists():
            return False
        lock = cls.try_take(path)
        if lock:
            lock.release()
        return lock is None

    @classmethod
    def take(cls, path: Path, *, within: float) -> "FileLock":
        """The lock, once it is free. Raises OSError, and StorageError where it is not after `within` seconds."""
        until = time.monotonic() + within
        while (lock := cls.try_take(path)) is None:
            if time.monotonic() > until:
                raise StorageError(f"another process holds {path}", hint="try again when it has ended")
            time.sleep(_TRY_AGAIN)
        return lock

    @staticmethod
    def holder(path: Path) -> str:
        """Who holds the lock, in words."""
        try:
            return f"another process ({int(path.read_bytes()[:20])})"
        except (OSError, ValueError):
            return "another process"

    def release(self) -> None:
        """Gives the lock back and removes its file, where the folder still lets us."""
        handle, self._handle = self._handle, -1
        if handle < 0:
            return
        # Windows refuses to remove an open file; elsewhere it must go while it is still ours.
        if sys.platform == "win32":
            os.close(handle)
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        if sys.platform != "win32":
            os.close(handle)


def _still_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _after(buffers: list[memoryview], count: int) -> list[memoryview]:
    """What is left of `buffers` when their first `count` bytes are done."""
    place = 0
    while place < len(buffers) and count >= len(buffers[place]):
        count -= len(buffers[place])
        place += 1
    left = buffers[place:]
    if count:
        left[0] = left[0][count:]
    return left
