"""Reading the tar of a layer, also one that was made to harm."""

import contextlib
import gzip
import io
import tarfile
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dget.archive.layers.entry import Entry, Kind
from dget.archive.layers.layer_tar import LayerTar
from dget.errors import IntegrityError, Unsupported

BLOCK = 512
CAPABILITY = b"\x01\x00\x00\x02\x00\x04\x00\x00\xff\xfe\n=\x00\x80"


def header(name: str, size: int = 0, kind: bytes = b"0", *, size_field: bytes | None = None, link: str = "") -> bytes:
    fields = b"".join(
        (
            name.encode().ljust(100, b"\0"),
            b"0000644\0" + b"0000000\0" * 2,
            size_field or f"{size:011o}\0".encode(),
            b"00000000000\0",
            b" " * 8,
            kind,
            link.encode().ljust(100, b"\0"),
            b"ustar\00000".ljust(8, b"0"),
            bytes(64),
            b"0000000\0" * 2,
            bytes(167),
        )
    )
    return fields[:148] + f"{sum(fields):06o}\0 ".encode() + fields[156:]


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def pax(records: bytes, kind: bytes = b"x") -> bytes:
    return header("pax", len(records), kind) + padded(records)


def record(key: str, value: bytes) -> bytes:
    body = b" " + key.encode() + b"=" + value + b"\n"
    size = len(body) + 1
    while size != len(body) + len(str(size)):
        size = len(body) + len(str(size))
    return str(size).encode() + body


def attributes_of(count: int) -> bytes:
    """Records of so many attributes, each with a name of four letters."""
    return b"".join(record(f"SCHILY.xattr.{number:04x}", b"") for number in range(count))


END = bytes(2 * BLOCK)
# Of four letters and a NUL, as many as 64 KiB hold.
XATTR_NAMES = 13_107


def read(data: bytes) -> list[tuple[Entry, bytes]]:
    tar = LayerTar(io.BytesIO(data), "the layer")
    found = []
    for entry in tar:
        content = bytearray(entry.size)
        for at, piece in tar.contents() if entry.kind is Kind.FILE else ():
            content[at : at + len(piece)] = piece
        found.append((entry, bytes(content)))
    return found


def written(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=60)
                   .filter(lambda name: name not in (".", "..")), max_size=5, unique=True),
    form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    mtime=st.integers(0, 2**33),
    sizes=st.lists(st.integers(0, 3000), min_size=5, max_size=5),
)  # fmt: skip
def test_what_the_standard_library_writes_is_read(names, form, mtime, sizes):
    members = []
    for name, size in zip(names, sizes, strict=False):
        member = tarfile.TarInfo("d" * 90 + "/" + name)
        member.mtime, member.mode, member.uid, member.gid, member.uname = mtime, 0o4751, 3_000_000, 7, "häns"
        members.append((member, bytes([size % 251]) * size))
    found = read(written(*members, form=form))
    assert [content for _, content in found] == [content for _, content in members]
    assert [entry.path for entry, _ in found] == [("d" * 90, name) for name in names]
    for entry, _ in found:
        assert (entry.mode, entry.uid, entry.gid, entry.user) == (0o4751, 3_000_000, 7, "häns")
        assert entry.mtime_ns == mtime * 10**9


def test_every_kind_is_known():
    members = []
    for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        member = tarfile.TarInfo(f"a{int(kind)}")
        member.type, member.linkname, member.devmajor, member.devminor = kind, "t", 8, 3
        members.append((member, b""))
    found = {entry.kind: entry for entry, _ in read(written(*members))}
    assert set(found) == set(Kind) - {Kind.FILE}
    assert found[Kind.BLOCK_DEVICE].device == (8, 3)
    assert found[Kind.FIFO].device == (0, 0)
    assert found[Kind.SYMLINK].target == found[Kind.HARDLINK].target == "t"
    assert found[Kind.DIRECTORY].target == ""


def test_attributes_and_nanoseconds_are_kept_bit_for_bit():
    records = record("mtime", b"1700000000.123456789") + record("SCHILY.xattr.security.capability", CAPABILITY)
    [(entry, _)] = read(pax(records) + header("f") + END)
    assert entry.xattrs == (("security.capability", CAPABILITY),)
    assert entry.mtime_ns == 1_700_000_000_123_456_789


def test_names_that_are_no_utf8_come_out_with_the_same_bytes():
    raw = header("aXb").replace(b"aXb", b"a\xffb")
    whole = raw[:148] + b" " * 8 + raw[156:]
    raw = raw[:148] + f"{sum(whole):06o}\0 ".encode() + raw[156:]
    [(entry, _)] = read(raw + END)
    assert entry.path[0].encode(errors="surrogateescape") == b"a\xffb"


def sparse_1_0(map_text: bytes, real: int, data: bytes, stored: int | None = None) -> bytes:
    records = b"".join(
        (
            record("GNU.sparse.major", b"1"),
            record("GNU.sparse.minor", b"0"),
            record("GNU.sparse.name", b"hole"),
            record("GNU.sparse.realsize", str(real).encode()),
        )
    )
    body = padded(map_text) + data
    return pax(records) + header("x", len(body) if stored is None else stored) + padded(body) + END


def test_a_sparse_file_has_its_holes():
    [(entry, content)] = read(sparse_1_0(b"2\n1000\n4\n5000\n3\n", 9000, b"datayes"))
    assert entry.path == ("hole",)
    assert content == bytes(1000) + b"data" + bytes(3996) + b"yes" + bytes(3997)


@pytest.mark.parametrize(
    "map_text",
    [
        b"1\n0\n9999999\n",  # more than is stored
        b"2\n10\n4\n5\n3\n",  # out of order
        b"2\n10\n4\n12\n3\n",  # overlapping
        b"1\n8999\n4\n",  # beyond the end
        b"1\n-4\n4\n",
        b"x\n",
        b"99999999999\n1\n1\n",
        b"1\n1",
    ],
)
def test_a_sparse_file_whose_map_lies_is_refused(map_text):
    with pytest.raises(IntegrityError):
        read(sparse_1_0(map_text, 9000, b"datayes"))


@pytest.mark.parametrize(
    "data",
    [
        header("a", 5000) + b"short",
        header("a", 5000) + bytes(600),
        header("a") + header("b")[:300],
        header("a") + b"\x01" * BLOCK + END,
        header("a") + bytearray(header("b")).replace(b"b", b"c", 1) + END,
        b"not a tar at all",
        b"x" * BLOCK,
        pax(b"garbage") + END,
        pax(b"99 path=a\n"),
        pax(record("size", b"-512")) + header("a", 0) + END,
        header("a", size_field=b"\xff" + b"\xff" * 10 + b"\x00") + END,
        header("a", size_field=b"\xff" * 12) + END,
        pax(b"\0" * 100) + header("a", 2**33) + END,
        header("long", 2 << 20, b"L") + b"x" * (2 << 20) + END,
        header("pax", 2 << 20, b"x") + b"x" * (2 << 20) + END,
        b"".join(pax(record("a", b"b" * 9)) for _ in range(3000)) + header("a") + END,
    ],
)  # fmt: skip
def test_a_damaged_tar_is_refused_and_never_taken_for_a_shorter_one(data):
    with pytest.raises(IntegrityError):
        read(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        header("../../etc/passwd"),
        pax(record("path", b"a\0b")) + header("a"),
        pax(record("linkpath", b"a\0b")) + header("a", kind=b"2"),
        header("a", kind=b"Z"),
        header("a", kind=b"2"),
        pax(record("linkpath", b"x" * 4096)) + header("a", kind=b"2"),
        pax(record("uid", b"99999999999")) + header("a"),
        pax(record("uid", b"-1")) + header("a"),
        pax(record("path", b"all"), b"g") + header("a"),
        pax(record("SCHILY.xattr.user.x", b"y" * 70_000)) + header("a"),
        pax(record("SCHILY.xattr.", b"y")) + header("a"),
        pax(attributes_of(XATTR_NAMES + 1)) + header("a"),
    ],
)  # fmt: skip
def test_what_no_honest_builder_writes_is_refused(data):
    with pytest.raises(Unsupported):
        read(data + END)


def test_a_file_has_as_many_attributes_as_linux_lists():
    ((entry, _),) = read(pax(attributes_of(XATTR_NAMES)) + header("a") + END)
    assert len(entry.xattrs) == XATTR_NAMES


def test_a_comment_for_all_members_harms_nobody():
    assert len(read(pax(record("comment", b"commit"), b"g") + header("a") + END)) == 1


@pytest.mark.parametrize("data", [b"", END, bytes(BLOCK), gzip.compress(b"", mtime=0), gzip.compress(END, mtime=0)])
def test_a_layer_may_be_empty(data):
    assert read(data) == []


def test_a_tar_may_end_without_its_zeros():
    assert len(read(header("a", 3) + padded(b"abc"))) == 1


def test_what_follows_the_end_is_not_read():
    assert len(read(header("a") + END + header("b"))) == 1


def test_digits_without_end_take_no_time():
    begun = time.monotonic()
    with pytest.raises(IntegrityError):
        read(pax(b"1" * (1 << 20)) + header("a") + END)
    assert time.monotonic() - begun < 20, "searching took the square of their number"


def test_the_map_of_a_sparse_file_takes_no_more_memory_than_a_header_may():
    blocks = (f"{1:011o}\0{1:011o}\0".encode() * 21 + b"\x01").ljust(BLOCK, b"\0")
    first = bytearray(header("s", 0, b"S"))
    first[482] = 1
    first[148:156] = b" " * 8
    first[148:156] = f"{sum(first):06o}\0 ".encode()
    tracemalloc.start()
    with pytest.raises(IntegrityError):
        read(gzip.compress(bytes(first) + blocks * 60_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20


def test_however_many_entries_there_are_none_is_kept():
    packed = gzip.compress(header("a") * 5_000 + END, 1)
    tracemalloc.start()
    count = sum(1 for _ in LayerTar(io.BytesIO(packed), "the layer"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5_000
    assert peak < 5 << 20, "a kept entry takes more than a kilobyte"


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_bytes_are_changed_nothing_but_our_errors_comes(data):
    good = bytearray(
        pax(record("mtime", b"1.5")) + header("a", 700) + padded(b"x" * 700) + header("l", kind=b"2", link="a") + END
    )
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    # Checksums made right again, so that the change is looked at.
    for at in (0, 2 * BLOCK):
        if data.draw(st.booleans()):
            good[at + 148 : at + 156] = b" " * 8
            good[at + 148 : at + 156] = f"{sum(good[at : at + BLOCK]) & 0o777777:06o}\0 ".encode()
    with contextlib.suppress(IntegrityError, Unsupported):
        read(bytes(good))
