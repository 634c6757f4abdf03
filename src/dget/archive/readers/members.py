"""The members of an archive or a folder, by name: read at any place, links followed, nothing outside reached."""

import posixpath
import re
import tarfile
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeAlias, cast

import msgspec

from dget.codec import disk_errors
from dget.codec.files import PositionalFile
from dget.codec.readable import Readable, Stream
from dget.errors import DamagedFile, Unsupported

# An image has some hundreds of members; a Docker archive's layers are members, not their files.
_MEMBERS_MAX = 100_000
_LINKS_MAX = 8
# A header that wants more read at once (names, PAX records) is no honest one.
_HEADER_MAX = 1 << 20
_DIGITS = re.compile(rb"[0-9]+")
_DIGITS_MAX = 200


LinkKind: TypeAlias = Literal["symbolic", "hard"]


class Members(Protocol):
    """where: what they are members of. Names are relative, with `/`. Methods raise DamagedFile, StorageError."""

    where: Path

    def size_of(self, name: str) -> int | None:
        """None where there is no such member."""
        ...

    def read(self, name: str, at: int, size: int) -> bytes:
        """Up to `size` bytes of a member that there is; fewer at its end alone."""
        ...

    def link_kind(self, name: str) -> LinkKind | None:
        """None where the name is no link: engines differ in those that they follow."""
        ...

    def close(self) -> None: ...


def read_document(members: Members, name: str, limit: int) -> bytes | None:
    """All of a short member; None where there is none. Raises Unsupported where it has more than `limit` bytes."""
    size = members.size_of(name)
    if size is None:
        return None
    if size > limit:
        raise Unsupported(f"{name} in {members.where} has {size:,} bytes: too many for a document of an image")
    return members.read(name, 0, size)


class _Stretch(msgspec.Struct, frozen=True):
    at: int
    size: int


class TarMembers:
    """Of a plain tar. Raises DamagedFile where it is cut, is no tar, or holds what no archive of images does."""

    def __init__(self, where: Path, data: Readable) -> None:
        self.where = where
        self._data = data
        self._files: dict[str, _Stretch] = {}
        self._links: dict[str, tuple[str, LinkKind]] = {}
        try:
            self._index()
        except BaseException:
            data.close()
            raise

    def size_of(self, name: str) -> int | None:
        found = self._find(name)
        return found.size if found else None

    def read(self, name: str, at: int, size: int) -> bytes:
        found = self._find(name)
        if found is None:
            raise DamagedFile(f"{self.where} lacks {name}")
        return self._data.read_at(found.at + at, max(0, min(size, found.size - at)))

    def link_kind(self, name: str) -> LinkKind | None:
        return self._links[name][1] if name in self._links else None

    def close(self) -> None:
        self._data.close()

    def _find(self, name: str) -> _Stretch | None:
        for _ in range(_LINKS_MAX):
            if name in self._files:
                return self._files[name]
            if name not in self._links:
                return None
            name, _ = self._links[name]
        raise DamagedFile(f"{self.where}: the links at {name} go round in a circle")

    def _index(self) -> None:
        # "r:" is plain alone: tarfile would begin to unpack what is compressed.
        stream = cast("BinaryIO", _Headers(self._data))
        count = 0
        try:
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                while (member := tar.next()) is not None:
                    count += 1
                    if count > _MEMBERS_MAX:
                        raise Unsupported(f"{self.where} has more than {_MEMBERS_MAX:,} members: no archive of images")
                    self._add(member)
                    # Else it would remember them all.
                    tar.members.clear()  # type: ignore[attr-defined]  # typeshed leaves it out
                end = tar.offset
        except (tarfile.TarError, EOFError, ValueError, RecursionError) as error:
            raise DamagedFile(f"{self.where} is no whole tar: {error}", hint="it may have been cut") from error
        # tarfile takes a broken header for the end.
        rest = self._data.read_at(end, 512)
        if 0 < len(rest) < 512:
            raise DamagedFile(f"{self.where} is cut at byte {self._data.size:,}, within a header")
        if any(rest):
            raise DamagedFile(f"{self.where} is no whole tar: no header where one belongs, at byte {end:,}")

    def _add(self, member: tarfile.TarInfo) -> None:
        name = self._inside(member.name, "")
        if member.isdir():
            return
        if name in self._files or name in self._links:
            raise DamagedFile(f"{self.where} holds {name} twice", hint="engines differ in which of the two they take")
        if member.issym():
            self._links[name] = self._inside(member.linkname, posixpath.dirname(name)), "symbolic"
        elif member.islnk():
            self._links[name] = self._inside(member.linkname, ""), "hard"
        elif member.isreg() and not member.issparse():
            if member.offset_data + member.size > self._data.size:
                raise DamagedFile(f"{self.where} is cut within {name}")
            self._files[name] = _Stretch(member.offset_data, member.size)

    def _inside(self, name: str, folder: str) -> str:
        path = posixpath.normpath(posixpath.join(folder, name))
        if name.startswith("/") or path == ".." or path.startswith("../"):
            raise DamagedFile(f"{self.where} holds a path that leads outside: {name!r}")
        return path


class _Headers(Stream):
    """What tarfile reads headers from: it may seek, and ask for no more than a header."""

    def __init__(self, data: Readable) -> None:
        super().__init__(data, 0, data.size)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _HEADER_MAX:
            raise tarfile.ReadError("a header is too long")
        data = self._source.read_at(self._at, size)
        self._at += len(data)
        # tarfile before Python 3.11.10 searches digits for the square of their number (CVE-2024-6232).
        if any(run.end() - run.start() > _DIGITS_MAX for run in _DIGITS.finditer(data)):
            raise tarfile.ReadError("a header holds a number without end")
        return data

    def seek(self, at: int, whence: int = 0, /) -> int:
        if whence or at < 0:
            raise tarfile.ReadError("a place in it cannot be found")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at


class FolderMembers:
    """Of a folder. A link is followed only as far as it stays inside."""

    def __init__(self, where: Path) -> None:
        self.where = where
        with disk_errors(where, "read"):
            self._root = where.resolve(strict=True)

    def size_of(self, name: str) -> int | None:
        with disk_errors(self.where, "read"):
            path = (self.where / name).resolve()
            if not path.is_relative_to(self._root):
                raise DamagedFile(f"{self.where}: {name} is a link that leads outside")
            return path.stat().st_size if path.is_file() else None

    def read(self, name: str, at: int, size: int) -> bytes:
        file = PositionalFile(self.where / name)
        try:
            return file.read_at(at, size)
        finally:
            file.close()

    def link_kind(self, name: str) -> LinkKind | None:
        return "symbolic" if (self.where / name).is_symlink() else None

    def close(self) -> None:
        """Nothing is kept open."""
