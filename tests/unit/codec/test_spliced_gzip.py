"""gzip files made of gzip files."""

import gzip
import io
import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dget.codec.spliced_gzip import SplicedGzip
from dget.codec.stored_gzip import StoredGzipPacker, gzip_size
from tests.parts.sink import Sink

PARTS = st.lists(
    st.tuples(st.sampled_from(["write", "splice", "splice two members"]), st.integers(0, 150_000)), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, seed=st.integers(0, 99))
def test_it_unpacks_to_what_was_written_and_to_what_was_spliced_bit_for_bit(parts, seed):
    chance = random.Random(seed)
    out = Sink()
    packer = SplicedGzip(out, 6)
    whole = b""
    verbatim = []
    for what, size in parts:
        data = chance.randbytes(size)
        whole += data
        if what == "write":
            packer.write(data)
            continue
        cut = size // 2 if what == "splice two members" else size
        member = gzip.compress(data[:cut], 1) + (gzip.compress(data[cut:], 9) if cut < size else b"")
        packer.splice(io.BytesIO(member))
        verbatim.append(member)
    packer.finish()
    assert gzip.decompress(bytes(out)) == whole
    assert all(member in bytes(out) for member in verbatim)


def test_little_is_stored_and_much_is_compressed():
    out = Sink()
    packer = SplicedGzip(out, 6)
    packer.write(b"a header")
    packer.splice(io.BytesIO(gzip.compress(b"")))
    assert b"a header" in bytes(out)
    for _ in range(100):
        packer.write(bytes(10_000))
    packer.finish()
    assert len(bytes(out)) < 5_000
    assert gzip.decompress(bytes(out)) == b"a header" + bytes(1_000_000)


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 300_000), cuts=st.lists(st.integers(0, 300_000), max_size=6))
def test_stored_gzip_is_written_in_one_go_just_as_in_places(size, cuts):
    data = random.Random(size).randbytes(size)
    out = Sink()
    packer = StoredGzipPacker(out, size)
    edges = [0, *sorted(cut % (size + 1) for cut in cuts), size]
    for start, stop in pairwise(edges):
        packer.write(data[start:stop])
    packer.finish()
    assert gzip.decompress(bytes(out)) == data
    assert len(bytes(out)) == gzip_size(size)
