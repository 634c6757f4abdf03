"""crc32, and how that of a whole follows from those of its parts."""

from functools import cache

try:
    from zlib_ng.zlib_ng import crc32  # 22 GB/s a core, against zlib's 4
except ImportError:
    from zlib import crc32

__all__ = ["combine_crc32", "crc32"]

# The polynomial of RFC 1952, lowest power in the highest bit.
_POLYNOMIAL = 0xEDB88320
_ONE = 0x80000000


def combine_crc32(first: int, second: int, second_size: int) -> int:
    """The crc32 of two parts' bytes together. second_size: bytes of the second part.

    As in zlib's crc32.c: the first is multiplied by x to the power of the second's bits, modulo the polynomial.
    """
    return _multiply(_power_of_x(second_size * 8), first) ^ second


def _multiply(left: int, right: int) -> int:
    product = 0
    bit = _ONE
    while left:
        if left & bit:
            product ^= right
            left ^= bit
        bit >>= 1
        right = (right >> 1) ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


def _power_of_x(exponent: int) -> int:
    result, place = _ONE, 0
    while exponent:
        if exponent & 1:
            result = _multiply(_squared(place), result)
        exponent >>= 1
        place += 1
    return result


@cache
def _squared(place: int) -> int:
    """The polynomial x to the power of 2**place."""
    if place == 0:
        return _ONE >> 1
    half = _squared(place - 1)
    return _multiply(half, half)
