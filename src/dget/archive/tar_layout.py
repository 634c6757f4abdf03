"""Where each member of a tar lies: a pure function of names and sizes.

Data starts at multiples of 4096, so that file systems can share its blocks with the cache: a comment record in a PAX
header (POSIX.1-2017, pax, "pax Header Block") fills the gap.
"""

from collections.abc import Iterable, Sequence

import msgspec

ALIGNMENT = 4096
_BLOCK = 512
END = bytes(2 * _BLOCK)
_NAME_MAX = 100
_OCTAL_SIZE_MAX = 8**11 - 1


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """header_at, data_at: byte positions in the tar; header: the bytes between them."""

    name: str
    size: int
    header_at: int
    header: bytes

    @property
    def data_at(self) -> int:
        return self.header_at + len(self.header)

    @property
    def padding(self) -> bytes:
        return padding(self.size)

    @property
    def end(self) -> int:
        return self.data_at + self.size + len(self.padding)


class TarLayout(msgspec.Struct, frozen=True, kw_only=True):
    members: Sequence[Member]
    end_at: int
    end: bytes = END

    @property
    def size(self) -> int:
        return self.end_at + len(self.end)


def lay_out(sizes: Iterable[tuple[str, int]]) -> TarLayout:
    """The tar of these members, in this order. sizes: name and bytes of each."""
    members: list[Member] = []
    at = 0
    for name, size in sizes:
        member = Member(name=name, size=size, header_at=at, header=_header(name, size, at))
        members.append(member)
        at = member.end
    return TarLayout(members=members, end_at=at)


def header(name: str, size: int, *, link: str = "") -> bytes:
    """The header blocks of one member, wherever it begins. link: what it is a symbolic link to."""
    records = _needed_records(name, size)
    plain = _ustar(name[:_NAME_MAX], min(size, _OCTAL_SIZE_MAX), b"2" if link else b"0", link)
    if not records:
        return plain
    return _ustar("PaxHeaders/0", len(records), b"x") + records + padding(len(records)) + plain


def padding(size: int) -> bytes:
    """What fills the last block of `size` bytes."""
    return bytes(-size % _BLOCK)


def _needed_records(name: str, size: int) -> bytes:
    """Of what has no room in a header block."""
    records = b""
    if len(name) > _NAME_MAX:
        records += _record("path", name)
    if size > _OCTAL_SIZE_MAX:
        records += _record("size", str(size))
    return records


def _header(name: str, size: int, at: int) -> bytes:
    """All header blocks of a member that begins at `at`; they end at a multiple of ALIGNMENT."""
    records = _needed_records(name, size)
    plain = _ustar(name[:_NAME_MAX], min(size, _OCTAL_SIZE_MAX), b"0")
    if not records and (at + _BLOCK) % ALIGNMENT == 0:
        return plain
    # PAX header, its records, the member's own header.
    room = (-(at + 2 * _BLOCK)) % ALIGNMENT or ALIGNMENT
    while room < len(records) + len(_shortest_comment(room - len(records))):
        room += ALIGNMENT
    records += _comment(room - len(records))
    return _ustar("PaxHeaders/0", len(records), b"x") + records + plain


def _shortest_comment(room: int) -> bytes:
    return b"" if room == 0 else b"12 comment=\n"


def _comment(size: int) -> bytes:
    """A comment record of exactly `size` bytes."""
    if size == 0:
        return b""
    start = f"{size} comment=".encode()
    return start + b" " * (size - len(start) - 1) + b"\n"


def _record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    size = len(body)
    while size != len(body) + len(str(size)):
        size = len(body) + len(str(size))
    return str(size).encode() + body


def _ustar(name: str, size: int, kind: bytes, link: str = "") -> bytes:
    """One header block: mode 0644, owner 0, time 0, so that equal contents give equal bytes."""
    fields = b"".join(
        (
            name.encode().ljust(100, b"\0"),
            b"0000644\0" + b"0000000\0" * 2,
            f"{size:011o}\0".encode(),
            b"00000000000\0",
            b" " * 8,
            kind,
            link.encode().ljust(100, b"\0"),
            b"ustar\00000",
            bytes(64),
            b"0000000\0" * 2,
            bytes(167),
        )
    )
    checksum = f"{sum(fields):06o}\0 ".encode()
    return fields[:148] + checksum + fields[156:]
