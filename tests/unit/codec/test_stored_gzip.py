"""gzip without compression, written in any order."""

import gzip
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dget.codec import PositionalFile, crc32
from dget.codec.stored_gzip import BLOCK, FILE_HEADER, GzipRegion, gzip_size, trailer


def written(path: Path, data: bytes, cuts: list[int], seed: int) -> PositionalFile:
    """`data` as stored gzip, in the pieces between `cuts`, in random order."""
    file = PositionalFile(path, create=True)
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    pieces = list(pairwise(edges))
    random.Random(seed).shuffle(pieces)
    region = GzipRegion(file, 0, len(data), len(data))
    for start, stop in pieces:
        half = (start + stop) // 2
        region.write(start, [data[start:half], data[half:stop]])
    if not data:
        file.write_at(len(FILE_HEADER), [b"\x01\x00\x00\xff\xff"])
    file.write_at(0, [FILE_HEADER])
    file.write_at(gzip_size(len(data)) - 8, [trailer(crc32(data), len(data))])
    return file


@settings(max_examples=60, deadline=None)
@given(
    size=st.sampled_from([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 17]),
    cuts=st.lists(st.integers(0, 4 * BLOCK), max_size=12),
    seed=st.integers(0, 999),
)
def test_whatever_the_order_of_writing_it_unpacks_to_the_same(tmp_path_factory, size, cuts, seed):
    path = tmp_path_factory.mktemp("gzip") / "x.gz"
    data = random.Random(seed).randbytes(size)
    written(path, data, cuts, seed).close()
    assert gzip.decompress(path.read_bytes()) == data
    assert path.stat().st_size == gzip_size(size)


@pytest.mark.parametrize(
    ("at", "size"), [(0, 10), (BLOCK - 3, 6), (BLOCK, BLOCK), (BLOCK + 5, 2 * BLOCK), (100, 9999999)]
)
def test_any_part_can_be_read_back(tmp_path, at, size):
    data = random.Random(7).randbytes(4 * BLOCK)
    file = written(tmp_path / "x.gz", data, [], 0)
    buffer = bytearray(size)
    count = GzipRegion(file, 0, len(data), len(data)).read_into(at, memoryview(buffer))
    file.close()
    assert bytes(buffer[:count]) == data[at : at + size]
