"""crc32 of a whole from those of its parts."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from dget.codec import combine_crc32, crc32


@given(st.binary(max_size=3000), st.binary(max_size=3000))
def test_two_parts_combine_to_the_whole(first, second):
    assert combine_crc32(crc32(first), crc32(second), len(second)) == zlib.crc32(first + second)


def test_sizes_beyond_four_gigabytes_combine():
    zeros = zlib.crc32(bytes(1 << 20))
    expected = 0
    for _ in range(5 << 10):
        expected = combine_crc32(expected, zeros, 1 << 20)
    doubled = zeros
    size = 1 << 20
    for _ in range(10):
        doubled = combine_crc32(doubled, doubled, size)
        size *= 2
    whole = combine_crc32(0, doubled, size)
    for _ in range(4):
        whole = combine_crc32(whole, doubled, size)
    assert whole == expected
