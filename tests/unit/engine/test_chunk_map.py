"""Chunks never overlap and always cover; the front comes first."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.codec import crc32
from dget.engine.chunk_map import Chunk, ChunkMap


@given(
    size=st.integers(0, 5000),
    chunk_size=st.integers(1, 700),
    window=st.integers(1, 3000),
    workers=st.integers(1, 6),
    seed=st.integers(0, 10_000),
)
def test_whatever_the_order_of_arrival_every_byte_is_fetched_once(size, chunk_size, window, workers, seed):
    dice = random.Random(seed)
    data = dice.randbytes(size)
    chunks = ChunkMap(size, chunk_size=chunk_size, window=window)
    fetched = [0] * size
    busy: list[Chunk] = []
    while not chunks.complete:
        while len(busy) < workers and (chunk := chunks.claim()) is not None:
            assert chunk.start < chunks.watermark + window
            busy.append(chunk)
        chunk = dice.choice(busy)
        count = dice.randint(1, chunk.stop - chunk.position)
        piece = data[chunk.position : chunk.position + count]
        for at in range(chunk.position, chunk.position + count):
            fetched[at] += 1
        chunks.landed(chunk, count, crc32(piece, chunk.crc32))
        if chunk.complete:
            busy.remove(chunk)
        assert all(fetched[: chunks.watermark])
    assert fetched == [1] * size
    assert chunks.claim() is None
    assert chunks.crc32 == zlib.crc32(data)


def test_chunks_cover_the_blob_without_gaps():
    chunks = ChunkMap(10, chunk_size=4, window=100).chunks
    assert [(chunk.start, chunk.stop) for chunk in chunks] == [(0, 4), (4, 8), (8, 10)]


def test_an_empty_blob_is_complete_at_once():
    assert ChunkMap(0, chunk_size=4, window=8).complete


def test_more_than_was_asked_for_does_not_fit():
    chunks = ChunkMap(10, chunk_size=4, window=100)
    chunk = chunks.claim()
    assert chunk is not None
    with pytest.raises(ValueError, match="do not fit"):
        chunks.landed(chunk, 5, 0)
