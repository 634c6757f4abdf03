"""Where members lie in a tar."""

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from dget.archive.tar_layout import ALIGNMENT, TarLayout, lay_out

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


def test_a_member_beyond_eight_gigabytes_has_its_size_in_a_record():
    layout = lay_out([("big", 9 << 30)])
    header = io.BytesIO(layout.members[0].header)
    with tarfile.open(fileobj=header) as tar:
        member = tar.next()
    assert member is not None
    assert member.size == 9 << 30


def test_equal_contents_give_equal_bytes():
    sizes = [("a", 5), ("b", 5000)]
    assert assembled(lay_out(sizes)) == assembled(lay_out(sizes))
