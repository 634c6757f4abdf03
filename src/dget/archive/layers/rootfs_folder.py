"""A root file system, or a part of one, as a folder.

Every name is opened relative to a handle of its folder, and no symlink is followed: what an image holds cannot lead out.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import RawIOBase
from pathlib import Path as FilePath

from dget.archive.layers.entry import Entry, Kind, Path
from dget.archive.layers.restore import restore, set_attributes
from dget.archive.layers.unpack import Contents
from dget.codec import disk_errors
from dget.errors import Unsupported

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class RootfsFolder:
    """A Target: a new folder at `root`. As root it restores owners and makes devices, else what the person may."""

    def __init__(self, root: FilePath) -> None:
        """Raises StorageError where it is there already or cannot be made, Unsupported where the system lacks openat."""
        if os.open not in os.supports_dir_fd:
            raise Unsupported(
                "this system cannot unpack an image safely into a folder",
                hint="write a tar instead, for example -o x.tar",
            )
        self._root = root
        self._as_root = os.geteuid() == 0
        self._folders: list[tuple[Path, Entry]] = []
        self._nodes: set[Path] = set()
        self._attributes = 0
        self._parent_path: Path | None = None
        self._parent_handle = -1
        with disk_errors(root, "make the folder"):
            root.mkdir(mode=0o700)
            self._handle = os.open(root, _FOLDER)

    @property
    def left_out(self) -> list[str]:
        """What could not be restored, for people."""
        told = []
        if not self._as_root:
            told.append("all files are yours, whoever owns them in the image: other owners take root")
        if self._nodes:
            told.append(f"left out {_counted(len(self._nodes), 'device')}: making them takes root")
        if self._attributes:
            many = _counted(self._attributes, "extended attribute")
            told.append(f"left out {many}: you, or the file system, may not have them")
        return told

    def add_folder(self, path: Path, entry: Entry) -> None:
        if path:
            with self._errors(path):
                os.mkdir(path[-1], 0o700, dir_fd=self._parent(path))
        # The rest comes last: a folder may forbid its owner to write, and what is written into it changes its time.
        self._folders.append((path, entry))

    def add_special(self, path: Path, entry: Entry) -> None:
        name = path[-1]
        with self._errors(path):
            parent = self._parent(path)
            if entry.kind is Kind.SYMLINK:
                os.symlink(entry.target, name, dir_fd=parent)
            elif not self._make_node(path, entry, parent):
                return
            if self._as_root:
                os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
            if entry.kind is not Kind.SYMLINK:
                os.chmod(name, entry.mode, dir_fd=parent)
            self._attributes += set_attributes(f"/proc/self/fd/{parent}/{name}", entry)
            os.utime(name, ns=(entry.mtime_ns, entry.mtime_ns), dir_fd=parent, follow_symlinks=False)

    def add_file(self, path: Path, entry: Entry, contents: Contents) -> None:
        with self._errors(path):
            handle = os.open(path[-1], NEW_FILE, 0o600, dir_fd=self._parent(path))
            with os.fdopen(handle, "wb", buffering=0) as file:
                write_contents(file, entry, contents)
                self._attributes += restore(handle, entry, owners=self._as_root)

    def add_link(self, path: Path, first: Path) -> None:
        if first in self._nodes:
            return
        with self._errors(path), self._opened(first[:-1]) as source:
            parent = self._parent(path)
            os.link(first[-1], path[-1], src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)

    def finish(self) -> None:
        """Restores the folders, from the innermost outwards."""
        for path, entry in reversed(self._folders):
            with self._errors(path), self._opened(path) as handle:
                self._attributes += restore(handle, entry, owners=self._as_root)

    def close(self) -> None:
        """Lets go of its handles."""
        for handle in (self._parent_handle, self._handle):
            if handle >= 0:
                os.close(handle)
        self._parent_handle = self._handle = -1

    def _make_node(self, path: Path, entry: Entry, parent: int) -> bool:
        """Whether this person, on this system, may make a device or a FIFO here."""
        try:
            if entry.kind is Kind.FIFO:
                os.mkfifo(path[-1], 0o600, dir_fd=parent)
            else:
                kind = stat.S_IFCHR if entry.kind is Kind.CHARACTER_DEVICE else stat.S_IFBLK
                os.mknod(path[-1], kind | 0o600, os.makedev(*entry.device), dir_fd=parent)
        except (PermissionError, NotImplementedError):
            self._nodes.add(path)
            return False
        return True

    def _errors(self, path: Path) -> AbstractContextManager[None]:
        return disk_errors(self._root.joinpath(*path), "write")

    def _parent(self, path: Path) -> int:
        """A handle of the folder that `path` lies in; kept, since what follows mostly lies there too."""
        if self._parent_path != path[:-1]:
            handle = self._open(path[:-1])
            if self._parent_handle >= 0:
                os.close(self._parent_handle)
            self._parent_path, self._parent_handle = path[:-1], handle
        return self._parent_handle

    @contextmanager
    def _opened(self, path: Path) -> Iterator[int]:
        handle = self._open(path)
        try:
            yield handle
        finally:
            os.close(handle)

    def _open(self, path: Path) -> int:
        """One name at a time: nothing but a folder that is really there is passed through."""
        handle = os.dup(self._handle)
        for name in path:
            above = handle
            try:
                handle = os.open(name, _FOLDER, dir_fd=above)
            finally:
                os.close(above)
        return handle


def write_contents(file: RawIOBase, entry: Entry, contents: Contents) -> None:
    """Bytes into a new file, holes left as holes. Raises OSError."""
    for at, data in contents:
        file.seek(at)
        view = memoryview(data)
        while view:
            view = view[file.write(view) or 0 :]
    file.truncate(entry.size)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
