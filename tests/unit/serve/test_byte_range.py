"""Which part of a blob a `Range` asks for."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers, text

from dget.protocol.ranges import range_header
from dget.serve.byte_range import wanted_part


def is_empty(part: tuple[int, int] | None) -> bool:
    return part is not None and part[0] >= part[1]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=3-6", (3, 7)),
        ("bytes=4-", (4, 10)),
        ("bytes=0-99", (0, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("Bytes = 1-2 ", (1, 3)),
    ],
)
def test_a_part_is_given_as_asked_within_the_blob(header, part):
    assert wanted_part(header, 10) == part


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=9999999999-", "bytes=-0"])
def test_a_part_beyond_the_end_is_empty(header):
    assert is_empty(wanted_part(header, 10))


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-5", "bytes=-5"])
def test_of_an_empty_blob_every_part_is_empty(header):
    assert is_empty(wanted_part(header, 0))


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=-", "bytes=5-3", "bytes=a-b", "items=0-5", "bytes=0-1,4-5", "0-5", f"bytes={'9' * 5000}-"],
)
def test_what_cannot_be_understood_means_the_whole(header):
    assert wanted_part(header, 10) is None


@given(integers(0, 50), integers(1, 50), integers(0, 60))
def test_what_the_client_asks_for_is_what_the_server_gives(start, length, size):
    part = wanted_part(range_header(start, start + length), size)
    assert part is not None
    assert bytes(range(size))[slice(*part)] == bytes(range(size))[start : start + length]


@given(text())
def test_no_header_is_too_odd(header):
    wanted_part(header, 10)
