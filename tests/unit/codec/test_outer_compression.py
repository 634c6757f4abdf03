"""Every compression that an archive comes in, good and bad."""

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.codec import Compression, Decompressed, detect_compression
from dget.errors import IntegrityError, Unsupported

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: Mapping[Compression, Callable[[bytes], bytes]] = {
    Compression.GZIP: lambda data: gzip.compress(data, mtime=0),
    Compression.BZIP2: bz2.compress,
    Compression.XZ: lzma.compress,
    Compression.ZSTD: lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}
every_kind = pytest.mark.parametrize("kind", PACKERS)


def unpacked(packed: bytes) -> bytes:
    stream = Decompressed(io.BytesIO(packed), "x")
    return b"".join(iter(lambda: stream.read(100_000), b""))


@given(st.sampled_from(list(PACKERS)), st.lists(st.binary(max_size=5000), min_size=1, max_size=3))
def test_streams_in_a_row_unpack_to_their_contents_in_a_row(kind, parts):
    packed = b"".join(PACKERS[kind](part) for part in parts)
    assert detect_compression(packed[:6]) == kind
    assert unpacked(packed) == b"".join(parts)


@every_kind
def test_a_large_stream_comes_in_pieces(kind):
    data = bytes(5_000_000)
    stream = Decompressed(io.BytesIO(PACKERS[kind](data)), "x")
    pieces = iter(lambda: stream.read(100_000), b"")
    assert sum(map(len, pieces)) == len(data)


@every_kind
def test_a_cut_and_a_changed_stream_are_damaged(kind):
    packed = PACKERS[kind](b"".join(number.to_bytes(4, "big") for number in range(50_000)))
    with pytest.raises(IntegrityError, match=kind.value):
        unpacked(packed[:-20])
    middle = len(packed) // 2
    with pytest.raises(IntegrityError):
        unpacked(packed[:middle] + bytes(64) + packed[middle + 64 :])


@every_kind
def test_what_follows_a_stream_and_is_none_is_damage(kind):
    with pytest.raises(IntegrityError):
        unpacked(PACKERS[kind](b"data") + b"something else that is long enough")


def test_padding_between_streams_of_xz_is_none():
    packed = lzma.compress(b"one") + bytes(8) + lzma.compress(b"two") + bytes(4)
    assert unpacked(packed) == b"onetwo"


def test_a_skippable_frame_may_stand_before_zstd():
    packed = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip" + zstd.compress(b"data")
    assert detect_compression(packed[:6]) is Compression.ZSTD
    assert unpacked(packed) == b"data"


def test_a_demand_for_too_much_memory_is_refused():
    window: dict[int, int] = {
        zstd.CompressionParameter.window_log: 30,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    packer = zstd.ZstdCompressor(options=window)
    packed = packer.compress(bytes(100)) + packer.flush()
    with pytest.raises((Unsupported, IntegrityError)):
        unpacked(packed)
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    with pytest.raises(Unsupported, match="memory"):
        unpacked(lzma.compress(b"x", filters=filters))


def test_lz4_is_known_and_not_unpacked():
    with pytest.raises(Unsupported, match="lz4"):
        Decompressed(io.BytesIO(b"\x04\x22\x4d\x18\x00\x00"), "x")
    assert detect_compression(b"\x04\x22\x4d\x18\x00\x00") is Compression.LZ4


@given(st.binary(max_size=6))
def test_any_bytes_are_of_a_kind(head):
    assert detect_compression(head) in Compression
