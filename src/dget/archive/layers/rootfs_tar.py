"""A root file system as one tar; no privileges are needed to write it, whoever owns its files."""

import tarfile

from dget.archive.layers.entry import Entry, Kind, Path
from dget.archive.layers.unpack import Contents
from dget.flow import ByteSink

_BLOCK = 512
_RECORD = 20 * _BLOCK
_ZEROS = bytes(1 << 20)
_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.DIRECTORY: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.CHARACTER_DEVICE: tarfile.CHRTYPE,
    Kind.BLOCK_DEVICE: tarfile.BLKTYPE,
    Kind.FIFO: tarfile.FIFOTYPE,
}
# What the octal fields of a ustar header can say.
_ID_MAX = 0o7777777
_SIZE_MAX = 0o77777777777
_SECONDS_MAX = 0o77777777777
_TEXT_MAX = {"path": 100, "linkpath": 100, "uname": 31, "gname": 31}


class RootfsTar:
    """A Target. What ustar headers cannot hold stands in PAX records, attributes as `SCHILY.xattr`, as GNU tar, libarchive
    and Go write them. Equal layers give equal bytes. Raises what `sink` raises.
    """

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._size = 0
        self._folders: list[tuple[Path, Entry]] = []

    def add_folder(self, path: Path, entry: Entry) -> None:
        # Last, and from the innermost outwards: GNU tar restores a folder's mode and time as soon as it meets a member
        # from elsewhere, and what then comes into the folder changes its time, or may not come in at all.
        self._folders.append((path, entry))

    def add_special(self, path: Path, entry: Entry) -> None:
        self._header(path, entry)

    def add_file(self, path: Path, entry: Entry, contents: Contents) -> None:
        self._header(path, entry)
        end = 0
        for at, data in contents:
            self._zeros(at - end)
            self._write(data)
            end = at + len(data)
        self._zeros(entry.size - end + -entry.size % _BLOCK)

    def add_link(self, path: Path, first: Path) -> None:
        member = tarfile.TarInfo()
        member.type = tarfile.LNKTYPE
        self._write_headers(member, {"path": _text("/".join(path)), "linkpath": _text("/".join(first))})

    def finish(self) -> None:
        """The folders, and the end of the tar; without it, it is cut short."""
        for path, entry in reversed(self._folders):
            self._header(path, entry)
        self._zeros(2 * _BLOCK)
        self._zeros(-self._size % _RECORD)

    def _header(self, path: Path, entry: Entry) -> None:
        member = tarfile.TarInfo()
        member.type = _TYPES[entry.kind]
        member.mode, member.uid, member.gid, member.size = entry.mode, entry.uid, entry.gid, entry.size
        member.devmajor, member.devminor = entry.device
        slash = "/" if entry.kind is Kind.DIRECTORY else ""
        records = {
            "path": _text("/".join(path) or ".") + slash.encode(),
            "linkpath": _text(entry.target),
            "uname": _text(entry.user),
            "gname": _text(entry.group),
            "mtime": _seconds(entry.mtime_ns),
            **{f"SCHILY.xattr.{name}": value for name, value in entry.xattrs},
        }
        self._write_headers(member, records)

    def _write_headers(self, member: tarfile.TarInfo, records: dict[str, bytes]) -> None:
        """Puts into the ustar header what it can hold of `records`, and the rest before it."""
        texts = {"path": "name", "linkpath": "linkname", "uname": "uname", "gname": "gname"}
        for key, field in texts.items():
            value = records.pop(key, b"")
            setattr(member, field, value[: _TEXT_MAX[key]].decode("ascii", "replace").replace("\ufffd", "_"))
            if not value.isascii() or len(value) > _TEXT_MAX[key]:
                records[key] = value
        if (mtime := records.get("mtime", b"0")).isdigit() and int(mtime) <= _SECONDS_MAX:
            member.mtime = int(mtime)
            records.pop("mtime", None)
        for key, most in (("uid", _ID_MAX), ("gid", _ID_MAX), ("size", _SIZE_MAX)):
            if getattr(member, key) > most:
                records[key] = str(getattr(member, key)).encode()
                setattr(member, key, 0)
        if records:
            self._write_records(records)
        self._write(member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))

    def _write_records(self, records: dict[str, bytes]) -> None:
        packed = b"".join(_record(key, records[key]) for key in sorted(records))
        header = tarfile.TarInfo("PaxHeaders/0")
        header.type, header.size = tarfile.XHDTYPE, len(packed)
        self._write(header.tobuf(tarfile.USTAR_FORMAT))
        self._write(packed)
        self._zeros(-len(packed) % _BLOCK)

    def _zeros(self, count: int) -> None:
        while count > 0:
            piece = _ZEROS[:count]
            self._write(piece)
            count -= len(piece)

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._size += len(data)


def _text(value: str) -> bytes:
    return value.encode(errors="surrogateescape")


def _record(key: str, value: bytes) -> bytes:
    """POSIX, pax, "Extended Header": the length counts itself."""
    body = b" " + _text(key) + b"=" + value + b"\n"
    size = len(body)
    while size != len(body) + len(str(size)):
        size = len(body) + len(str(size))
    return str(size).encode() + body


def _seconds(nanoseconds: int) -> bytes:
    """With a fraction where there is one; a float would lose its end."""
    whole, rest = divmod(abs(nanoseconds), 10**9)
    sign = "-" if nanoseconds < 0 else ""
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{sign}{whole}{fraction}".encode()
