"""Unpacking layers."""

import gzip
import io
import random
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.codec import Compression, Decompressed, detect_compression
from dget.errors import IntegrityError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SKIPPABLE = b"\x5e\x2a\x4d\x18" + (9).to_bytes(4, "little") + b"some toc."
MIB = 1 << 20
PACKERS = {
    Compression.NONE: lambda data: data,
    Compression.GZIP: lambda data: gzip.compress(data, 1),
    Compression.ZSTD: zstd.compress,
}


class Dribble:
    """Gives a few bytes at a time, however many are asked for."""

    def __init__(self, data: bytes, step: int) -> None:
        self._file = io.BytesIO(data)
        self._step = step

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, self._step))


def unpacked(packed: bytes, step: int = 1 << 20) -> bytes:
    return Decompressed(Dribble(packed, step), "x").read(1 << 30)


@given(
    parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=4),
    kind=st.sampled_from([Compression.GZIP, Compression.ZSTD]),
    step=st.integers(1, 700),
)
def test_members_and_frames_follow_one_another_however_the_bytes_arrive(parts, kind, step):
    assert unpacked(b"".join(map(PACKERS[kind], parts)), step) == b"".join(parts)


@pytest.mark.parametrize("kind", PACKERS)
def test_the_kind_is_seen_by_the_first_bytes(kind):
    packed = PACKERS[kind](b"text" * 50)
    assert detect_compression(packed[:4]) is kind
    assert Decompressed(Dribble(packed, 1), "x").compression is kind


def test_no_bytes_are_a_plain_file():
    assert unpacked(b"") == b""
    assert detect_compression(b"") is Compression.NONE


def test_frames_to_be_skipped_are_skipped_wherever_they_stand():
    assert unpacked(SKIPPABLE + zstd.compress(b"one") + SKIPPABLE + zstd.compress(b"two") + SKIPPABLE) == b"onetwo"


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.ZSTD])
@given(data=st.binary(min_size=1, max_size=4000), cut=st.integers(1, 3999))
def test_a_file_cut_short_is_refused(kind, data, cut):
    packed = PACKERS[kind](data)
    with pytest.raises(IntegrityError, match="x cannot be unpacked"):
        unpacked(packed[: 4 + cut % (len(packed) - 4)])


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.ZSTD])
def test_what_follows_the_end_and_is_none_of_it_is_refused(kind):
    with pytest.raises(IntegrityError):
        unpacked(PACKERS[kind](b"data") + b"garbage")


def test_zeros_after_the_last_member_are_padding_and_are_told():
    padded = Decompressed(Dribble(gzip.compress(b"data") + bytes(700_000), 1 << 20), "x")
    assert padded.read(100) == b"data"
    assert padded.read(1) == b""
    assert padded.padded
    plain = Decompressed(io.BytesIO(gzip.compress(b"data")), "x")
    assert plain.read(5) == b"data"
    assert not plain.padded


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.ZSTD])
def test_a_damaged_byte_is_noticed_at_the_end_at_the_latest(kind):
    data = random.Random(1).randbytes(5000)
    packed = bytearray(zlib_or_checked_zstd(kind, data))
    packed[len(packed) // 2] ^= 1
    with pytest.raises(IntegrityError):
        unpacked(bytes(packed))


def zlib_or_checked_zstd(kind: Compression, data: bytes) -> bytes:
    if kind is Compression.GZIP:
        return gzip.compress(data)
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.ZSTD])
def test_a_bomb_is_read_piece_by_piece(kind):
    bomb = PACKERS[kind](bytes(64 * MIB))
    assert len(bomb) < MIB
    stream = Decompressed(io.BytesIO(bomb), "x")
    assert stream.read(10) == bytes(10)
    # What waits inside is one piece, not the 64 MiB.
    assert len(stream._piece) <= 2 * MIB
    count = 10
    while piece := stream.read(MIB):
        count += len(piece)
    assert count == 64 * MIB


def test_a_window_of_a_gigabyte_is_refused():
    # A frame header: magic, descriptor without single segment, window of 2**30 bytes; then an empty last block.
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([(30 - 10) << 3]) + b"\x01\x00\x00"
    with pytest.raises(IntegrityError):
        unpacked(frame)


def test_a_raw_deflate_stream_is_no_gzip():
    assert unpacked(zlib.compress(b"data")) == zlib.compress(b"data")
