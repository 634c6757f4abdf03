"""Where members lie in a tar."""

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from dget.archive.tar_layout import ALIGNMENT, TarLayout, header, lay_out

NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=180)


def assembled(layout: TarLayout) -> bytes:
    whole = bytearray(layout.size)
    for place, member in enumerate(layout.members):
        whole[member.header_at : member.data_at] = member.header
        whole[member.data_at : member.data_at + member.size] = bytes([place % 251 + 1]) * member.size
    return bytes(whole)


@given(st.lists(st.tuples(NAMES, st.integers(0, 20_000)), max_size=12))
def test_the_standard_library_reads_what_was_laid_out(sizes):
    layout = lay_out(sizes)
    with tarfile.open(fileobj=io.BytesIO(assembled(layout))) as tar:
        found = [(member.name, member.size, member.offset_data) for member in tar]
        contents = [tar.extractfile(member).read() for member in tar]  # type: ignore[union-attr]
    assert found == [(member.name, member.size, member.data_at) for member in layout.members]
    assert contents == [bytes([place % 251 + 1]) * size for place, (_, size) in enumerate(sizes)]


@given(st.lists(st.tuples(NAMES, st.integers(0, 2**40)), max_size=12))
def test_data_starts_at_multiples_of_a_block_and_nothing_overlaps(sizes):
    layout = lay_out(sizes)
    at = 0
    for member in layout.members:
        assert member.header_at == at
        assert member.data_at % ALIGNMENT == 0
        at = member.end
    assert layout.end_at == at


@given(st.lists(st.tuples(NAMES, st.integers(0, 20_000)), max_size=12))
def test_each_place_is_where_the_standard_library_puts_it(sizes):
    layout = lay_out(sizes)
    with tarfile.open(fileobj=io.BytesIO(assembled(layout))) as ours:
        comments = [{"comment": text} if (text := member.pax_headers.get("comment")) else {} for member in ours]
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for (name, size), comment in zip(sizes, comments, strict=True):
            member = tarfile.TarInfo(name)
            member.size, member.pax_headers = size, comment
            tar.addfile(member, io.BytesIO(bytes(size)))
    with tarfile.open(fileobj=io.BytesIO(written.getvalue())) as theirs:
        places = [(member.offset, member.offset_data) for member in theirs]
    assert places == [(member.header_at, member.data_at) for member in layout.members]


@given(
    st.text("abc/", min_size=1, max_size=100).filter(lambda name: not name.endswith("/")),
    st.integers(0, 2**33 - 1),
    st.sampled_from(["", "../a"]),
)
def test_without_alignment_a_header_is_the_standard_librarys(name, size, link):
    member = tarfile.TarInfo(name)
    member.size, member.linkname = size, link
    member.type = tarfile.SYMTYPE if link else tarfile.REGTYPE
    theirs, ours = member.tobuf(tarfile.USTAR_FORMAT), header(name, size, link=link)
    # Of what is no device it leaves the device's numbers out; the checksum covers them.
    for field in (slice(0, 148), slice(156, 329), slice(345, 512)):
        assert ours[field] == theirs[field]


def test_a_long_name_and_a_large_size_are_read_back_without_alignment():
    name = "a" * 150
    with tarfile.open(fileobj=io.BytesIO(header(name, 9 << 30))) as tar:
        member = tar.next()
    assert member is not None
    assert (member.name, member.size) == (name, 9 << 30)


def test_a_member_beyond_eight_gigabytes_has_its_size_in_a_record():
    layout = lay_out([("big", 9 << 30)])
    with tarfile.open(fileobj=io.BytesIO(layout.members[0].header)) as tar:
        member = tar.next()
    assert member is not None
    assert member.size == 9 << 30


def test_equal_contents_give_equal_bytes():
    sizes = [("a", 5), ("b", 5000)]
    assert assembled(lay_out(sizes)) == assembled(lay_out(sizes))
