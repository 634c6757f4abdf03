"""A layer's tar, read once from front to end."""

import tarfile
from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from dget.archive.layers.entry import HOSTILE, PATH_MAX, Entry, Kind, clean_path, shown
from dget.archive.layers.forward import ForwardStream
from dget.codec import Decompressed
from dget.codec.decompress import Readable
from dget.errors import Unsupported

_BLOCK = 512
_PIECE = 1 << 20
_ID_MAX = 2**32 - 2
_SIZE_MAX = 2**63 - 1
_DEVICE_MAX = 2**32 - 1
_SECONDS_MAX = 2**40
# Linux takes no larger attribute (XATTR_SIZE_MAX), and no more names of one file, a NUL after each (XATTR_LIST_MAX).
_XATTR_MAX = 64 << 10
_XATTR_NAMES_MAX = 64 << 10
_XATTR_PREFIX = "SCHILY.xattr."
# What the standard library's parser raises where bytes are no header.
_PARSE_ERRORS = (tarfile.TarError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
_KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.GNUTYPE_SPARSE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
    tarfile.CHRTYPE: Kind.CHARACTER_DEVICE,
    tarfile.BLKTYPE: Kind.BLOCK_DEVICE,
    tarfile.FIFOTYPE: Kind.FIFO,
}


class LayerTar:
    """Iterating gives the entries in order; `contents` gives the bytes of the one that was given last.

    file: the layer as the registry has it, compressed or not; what: names it in errors. Raises IntegrityError where
    it is damaged, Unsupported where it is hostile.
    """

    def __init__(self, file: Readable, what: str) -> None:
        self._stream = ForwardStream(Decompressed(file, what), what)
        self._what = what
        self._member: tarfile.TarInfo | None = None
        self._next_at = 0

    def __iter__(self) -> Iterator[Entry]:
        place = 0
        tar = self._open()
        while tar is not None and (member := self._next(tar)) is not None:
            self._member = member
            yield _entry(member, place)
            place += 1

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """Where in the file bytes stand, and the bytes; what lies between is zeros. Once, before the next entry."""
        assert self._member is not None
        for offset, size in self._extents(self._member):
            at = offset
            while at < offset + size:
                data = self._stream.read_content(min(_PIECE, offset + size - at))
                yield at, data
                at += len(data)

    def _open(self) -> tarfile.TarFile | None:
        """None for a layer without any bytes, which some tools write where nothing changed."""
        try:
            return tarfile.TarFile(fileobj=self._stream, encoding="utf-8", errors="surrogateescape")  # type: ignore[arg-type]
        except _PARSE_ERRORS as error:
            if self._stream.tell() == 0:
                return None
            raise self._stream.damaged(str(error)) from error

    def _next(self, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
        self._stream.begin_header()
        try:
            member = tar.next()
        except _PARSE_ERRORS as error:
            raise self._stream.damaged(str(error)) from error
        if member is None:
            # The parser takes a damaged header for the end: an end is a block of zeros, or no more bytes.
            if self._stream.last.strip(b"\0") or len(self._stream.last) not in (0, _BLOCK):
                raise self._stream.damaged("a header is damaged")
            return None
        # It would keep all members.
        tar.members.clear()  # type: ignore[attr-defined]
        self._next_at = tar.offset
        if member.size < 0:
            raise self._stream.damaged(f"{shown(member.name)} has a negative size")
        # Engines pass over global headers, other tools obey them: two views of one layer.
        if tar.pax_headers.keys() - {"comment"}:
            raise Unsupported(f"refused {self._what}: it has a PAX header for all its members", hint=HOSTILE)
        return member

    def _extents(self, member: tarfile.TarInfo) -> list[tuple[int, int]]:
        if member.sparse is None:
            return [(0, member.size)]
        extents = [(offset, size) for offset, size in cast("list[tuple[int, int]]", member.sparse) if size]
        end = 0
        for offset, size in extents:
            if offset < end or size < 0:
                raise self._stream.damaged(f"the map of sparse file {shown(member.name)} is wrong")
            end = offset + size
        stored = sum(size for _, size in extents)
        if end > member.size or stored > self._next_at - self._stream.tell():
            raise self._stream.damaged(f"the map of sparse file {shown(member.name)} does not fit its size")
        return extents


def _entry(member: tarfile.TarInfo, place: int) -> Entry:
    """Raises Unsupported."""
    kind = _KINDS.get(member.type)
    if kind is None:
        raise Unsupported(f"refused {shown(member.name)}: an entry of unknown type {member.type!r}", hint=HOSTILE)
    path = clean_path(member.name)
    if kind is Kind.SYMLINK and not 0 < len(member.linkname.encode(errors="surrogateescape")) <= PATH_MAX:
        raise Unsupported(f"refused {shown(member.name)}: a symlink to nothing, or to too long a name", hint=HOSTILE)
    if "\0" in member.linkname:
        raise Unsupported(f"refused {shown(member.name)}: its link has a NUL in it", hint=HOSTILE)
    if not (0 <= member.uid <= _ID_MAX and 0 <= member.gid <= _ID_MAX and member.size <= _SIZE_MAX):
        raise Unsupported(f"refused {shown(member.name)}: an owner or size that no system has", hint=HOSTILE)
    is_device = kind in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE)
    device = (member.devmajor, member.devminor) if is_device else (0, 0)
    if not all(0 <= number <= _DEVICE_MAX for number in device):
        raise Unsupported(f"refused {shown(member.name)}: a device that no system has", hint=HOSTILE)
    return Entry(
        place=place,
        path=path,
        kind=kind,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        user=member.uname,
        group=member.gname,
        mtime_ns=_mtime_ns(member),
        size=member.size if kind is Kind.FILE else 0,
        target=member.linkname if kind in (Kind.SYMLINK, Kind.HARDLINK) else "",
        device=device,
        xattrs=_xattrs(member),
    )


def _mtime_ns(member: tarfile.TarInfo) -> int:
    """A float would lose the nanoseconds; a time that no file can have counts as 1970, as in the engines."""
    try:
        seconds = Decimal(member.pax_headers.get("mtime") or int(member.mtime))
    except (ArithmeticError, ValueError):
        return 0
    if not seconds.is_finite() or abs(seconds) > _SECONDS_MAX:
        return 0
    return int(seconds * 10**9)


def _xattrs(member: tarfile.TarInfo) -> tuple[tuple[str, bytes], ...]:
    """Raises Unsupported."""
    found = []
    for key, text in member.pax_headers.items():
        if key.startswith(_XATTR_PREFIX):
            name, value = key.removeprefix(_XATTR_PREFIX), text.encode(errors="surrogateescape")
            if not 0 < len(name) <= 255 or "\0" in name or len(value) > _XATTR_MAX:
                raise Unsupported(f"refused {shown(member.name)}: an attribute that no system takes", hint=HOSTILE)
            found.append((name, value))
    if sum(len(name.encode(errors="surrogateescape")) + 1 for name, _ in found) > _XATTR_NAMES_MAX:
        raise Unsupported(f"refused {shown(member.name)}: more attributes than a file can have", hint=HOSTILE)
    return tuple(sorted(found))
