"""A root file system as one tar; no privileges are needed to write it, whoever owns its files."""

import tarfile

from dget.archive.layers.entry import Entry, Kind, Path
from dget.archive.layers.unpack import Contents
from dget.flow import ByteSink

_BLOCK = 512
_RECORD = 20 * _BLOCK
_ZEROS = bytes(1 << 20)
_XATTR_PREFIX = "SCHILY.xattr."
_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.DIRECTORY: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.CHARACTER_DEVICE: tarfile.CHRTYPE,
    Kind.BLOCK_DEVICE: tarfile.BLKTYPE,
    Kind.FIFO: tarfile.FIFOTYPE,
}


class RootfsTar:
    """A Target. What ustar headers cannot hold stands in PAX records, attributes as `SCHILY.xattr`, as GNU tar, libarchive
    and Go write them. Equal layers give equal bytes. Raises what `sink` raises.
    """

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._size = 0

    def add_folder(self, path: Path, entry: Entry) -> None:
        self._header(path, entry)

    def add_special(self, path: Path, entry: Entry) -> None:
        member = _member(path, entry)
        member.linkname = entry.target
        member.devmajor, member.devminor = entry.device
        self._write_header(member)

    def add_file(self, path: Path, entry: Entry, contents: Contents) -> None:
        self._header(path, entry)
        end = 0
        for at, data in contents:
            self._zeros(at - end)
            self._write(data)
            end = at + len(data)
        self._zeros(entry.size - end + -entry.size % _BLOCK)

    def add_link(self, path: Path, first: Path) -> None:
        member = tarfile.TarInfo("/".join(path))
        member.type, member.linkname = tarfile.LNKTYPE, "/".join(first)
        self._write_header(member)

    def finish(self) -> None:
        """The end of the tar; without it, it is cut short."""
        self._zeros(2 * _BLOCK)
        self._zeros(-self._size % _RECORD)

    def _header(self, path: Path, entry: Entry) -> None:
        self._write_header(_member(path, entry))

    def _write_header(self, member: tarfile.TarInfo) -> None:
        self._write(member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def _zeros(self, count: int) -> None:
        while count > 0:
            piece = _ZEROS[:count]
            self._write(piece)
            count -= len(piece)

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._size += len(data)


def _member(path: Path, entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo("/".join(path) or ".")
    member.type = _TYPES[entry.kind]
    member.mode, member.uid, member.gid = entry.mode, entry.uid, entry.gid
    member.uname, member.gname = entry.user, entry.group
    member.size = entry.size
    seconds, nanoseconds = divmod(entry.mtime_ns, 10**9)
    member.mtime = seconds
    records = {f"{_XATTR_PREFIX}{name}": value.decode(errors="surrogateescape") for name, value in entry.xattrs}
    if nanoseconds or seconds < 0:
        records["mtime"] = _decimal(entry.mtime_ns)
    member.pax_headers = records
    return member


def _decimal(nanoseconds: int) -> str:
    """Seconds with a fraction; a float would lose its end."""
    sign = "-" if nanoseconds < 0 else ""
    whole, rest = divmod(abs(nanoseconds), 10**9)
    return f"{sign}{whole}.{rest:09d}".rstrip("0").rstrip(".")
