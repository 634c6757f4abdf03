"""Compression on every core: the same bytes whatever the pieces, and one stream that every reader takes."""

import gzip
import io
import random
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dget.codec.compress import GzipPacker, Packer, PlainPacker, ZstdPacker
from tests.parts.sink import Sink
from tests.parts.zstandard import zstd

MIB = 1 << 20


def text(seed: int, size: int) -> bytes:
    """Bytes that compress, and that repeat what stood a block before."""
    words = [random.Random(seed).randbytes(40) for _ in range(200)]
    return b"".join(random.Random(seed + 1).choices(words, k=size // 40 + 1))[:size]


def fed(packer: Packer, data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, stop in pairwise(edges):
        packer.write(data[start:stop])
    packer.finish()


def packed(kind: type[GzipPacker] | type[ZstdPacker], level: int, data: bytes, cuts: list[int]) -> bytes:
    out = Sink()
    fed(kind(out, level), data, cuts)
    return bytes(out)


SIZES = st.sampled_from([0, 1, 1000, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 17])
CUTS = st.lists(st.integers(0, 4 * MIB), max_size=6)


@settings(max_examples=20, deadline=None)
@given(size=SIZES, cuts=CUTS, level=st.integers(1, 9))
def test_gzip_is_one_member_that_unpacks_to_what_went_in(size, cuts, level):
    data = text(size, size)
    made = packed(GzipPacker, level, data, cuts)
    member = zlib.decompressobj(31)
    assert member.decompress(made) == data
    assert member.eof
    assert member.unused_data == b""


@settings(max_examples=20, deadline=None)
@given(size=SIZES, cuts=CUTS, kind=st.sampled_from([GzipPacker, ZstdPacker]))
def test_the_bytes_do_not_depend_on_the_pieces(size, cuts, kind):
    data = text(size, size)
    assert packed(kind, 3, data, cuts) == packed(kind, 3, data, [])


@pytest.mark.parametrize("kind", [GzipPacker, ZstdPacker])
def test_the_bytes_do_not_depend_on_the_number_of_cores(monkeypatch, kind):
    data = text(1, 9 * MIB)
    made = []
    for cores in (1, 2, 5):
        monkeypatch.setattr("dget.codec.compress.os.cpu_count", lambda cores=cores: cores)
        made.append(packed(kind, 3, data, [100, 5 * MIB]))
    assert made[0] == made[1] == made[2]


def test_blocks_know_what_stood_before_them():
    half = random.Random(3).randbytes(30_000)
    apart = len(packed(GzipPacker, 9, half + bytes(MIB - len(half)), []))
    # The second block repeats what the first one ends with.
    data = bytes(MIB - len(half)) + half + half
    assert len(packed(GzipPacker, 9, data, [])) < apart + len(half) // 10


@settings(max_examples=20, deadline=None)
@given(size=SIZES, cuts=CUTS, level=st.sampled_from([1, 3, 9]))
def test_zstd_unpacks_to_what_went_in(size, cuts, level):
    data = text(size, size)
    assert zstd.decompress(packed(ZstdPacker, level, data, cuts)) == data


@pytest.mark.parametrize("level", [1, 3, 19, 20, 22])
def test_zstd_needs_a_window_of_32_mib_at_most_and_has_a_checksum(level):
    made = packed(ZstdPacker, level, text(1, 100_000), [10])
    assert zstd.decompress(made, options={zstd.DecompressionParameter.window_log_max: 25}) == text(1, 100_000)
    damaged = bytearray(made)
    damaged[-1] ^= 1
    with pytest.raises(zstd.ZstdError, match="checksum"):
        zstd.decompress(bytes(damaged))


def test_a_packer_that_is_given_up_leaves_no_thread_waiting():
    packer = GzipPacker(Sink(), 9)
    packer.write(text(1, 5 * MIB))
    packer.abort()
    packer._pool.shutdown()
    assert all(future.cancelled() or future.done() for future in packer._under_way)


def test_plain_is_what_went_in():
    out = Sink()
    fed(PlainPacker(out), b"abc", [1])
    assert bytes(out) == b"abc"


def test_a_reader_of_one_member_alone_reads_all_of_it():
    made = packed(GzipPacker, 6, text(5, 3 * MIB), [])
    with gzip.open(io.BytesIO(made)) as file:
        assert file.read() == text(5, 3 * MIB)
