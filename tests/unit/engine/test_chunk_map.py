"""Chunks never overlap and always cover; the front comes first."""

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dget.codec import Record, crc32
from dget.engine.chunk_map import Chunk, ChunkMap


@settings(deadline=None)
@given(
    size=st.integers(0, 2000),
    chunk_size=st.integers(1, 700),
    window=st.integers(1, 3000),
    workers=st.integers(1, 6),
    seed=st.integers(0, 10_000),
    kept=st.integers(0, 3),
)
def test_whatever_the_order_of_arrival_every_byte_is_fetched_once(size, chunk_size, window, workers, seed, kept):
    dice = random.Random(seed)
    data = dice.randbytes(size)
    cuts = sorted(dice.sample(range(size + 1), min(2 * kept, size + 1)))
    records = [
        Record(start, stop, zlib.crc32(data[start:stop])) for start, stop in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    chunks = ChunkMap(size, window=window, kept=records)
    fetched = [any(record.start <= at < record.stop for record in records) for at in range(size)]
    busy: list[Chunk] = []
    while not chunks.complete:
        while len(busy) < workers and (chunk := chunks.claim(chunk_size)) is not None:
            assert chunk.start < chunks.watermark + window
            busy.append(chunk)
        chunk = dice.choice(busy)
        if not chunk.complete and dice.random() < 0.1:
            chunks.give_back(chunk)
            busy.remove(chunk)
            continue
        if chunk.left > 1 and dice.random() < 0.2:
            busy.append(chunks.take_over(chunk, chunk.position + dice.randint(0, chunk.left - 1)))
        if chunk.left:
            count = chunks.reserve(chunk, dice.randint(1, chunk.left))
            if chunk.reserved < chunk.stop and dice.random() < 0.1:
                busy.append(chunks.take_over(chunk, chunk.reserved))
            assert not any(fetched[chunk.position : chunk.position + count])
            fetched[chunk.position : chunk.position + count] = [True] * count
            piece = data[chunk.position : chunk.position + count]
            chunks.landed(chunk, count, crc32(piece, chunk.crc32))
        if chunk.complete:
            busy.remove(chunk)
        assert all(fetched[: chunks.watermark])
        assert_they_cover(chunks)
    assert all(fetched)
    assert chunks.claim(chunk_size) is None
    assert chunks.crc32 == zlib.crc32(data)


def assert_they_cover(chunks: ChunkMap) -> None:
    at = 0
    for chunk in chunks.chunks:
        assert chunk.start == at
        assert chunk.start <= chunk.position <= chunk.stop
        at = chunk.stop
    assert at == chunks.size


def test_a_small_rest_is_taken_along():
    chunks = ChunkMap(11, window=100)
    claimed = [(chunk.start, chunk.stop) for chunk in iter(lambda: chunks.claim(4), None)]
    assert claimed == [(0, 4), (4, 8), (8, 11)]
    whole = ChunkMap(6, window=9).claim(4)
    assert whole is not None
    assert whole.stop == 6


def test_what_nobody_fetches_is_told():
    chunks = ChunkMap(100, window=100, kept=[Record(40, 60, 7)])
    assert chunks.unclaimed == 80
    chunk = chunks.claim(10)
    assert chunk is not None
    assert chunks.unclaimed == 70
    chunks.landed(chunk, 4, 1)
    assert chunks.unclaimed == 70
    chunks.give_back(chunk)
    assert chunks.unclaimed == 76


def test_what_is_here_can_be_recorded_and_taken_up_again():
    chunks = ChunkMap(10, window=100)
    first, second = chunks.claim(4), chunks.claim(3)
    assert first is not None
    assert second is not None
    chunks.landed(first, 2, 1)
    chunks.landed(second, 3, 2)
    assert chunks.records == [Record(0, 2, 1), Record(4, 7, 2)]
    again = ChunkMap(10, window=100, kept=chunks.records)
    assert again.watermark == 2
    assert [(chunk.start, chunk.stop) for chunk in iter(lambda: again.claim(9), None)] == [(2, 4), (7, 10)]


@pytest.mark.parametrize("records", [[Record(0, 11, 0)], [Record(0, 5, 0), Record(4, 6, 0)], [Record(5, 4, 0)]])
def test_records_that_overlap_or_lie_outside_are_refused(records):
    with pytest.raises(ValueError, match="overlap or lie outside"):
        ChunkMap(10, window=100, kept=records)


def test_an_empty_blob_is_complete_at_once():
    assert ChunkMap(0, window=8).complete


def test_more_than_was_asked_for_does_not_fit():
    chunks = ChunkMap(10, window=100)
    chunk = chunks.claim(4)
    assert chunk is not None
    with pytest.raises(ValueError, match="do not fit"):
        chunks.landed(chunk, 5, 0)


@given(
    size=st.integers(1, 600),
    seed=st.integers(0, 10_000),
    steps=st.integers(1, 200),
)
def test_a_record_says_who_gave_all_its_bytes(size, seed, steps):
    dice = random.Random(seed)
    chunks = ChunkMap(size, window=1000)
    givers = [""] * size
    busy: list[Chunk] = []
    for _ in range(steps):
        if (chunk := chunks.claim(dice.randint(1, 90), dice.choice("ab"))) is not None:
            busy.append(chunk)
        if not busy:
            break
        chunk = busy.pop(dice.randrange(len(busy)))
        if count := chunks.reserve(chunk, dice.randint(0, chunk.left)):
            givers[chunk.position : chunk.position + count] = [chunk.source] * count
            chunks.landed(chunk, count, 0)
        if not chunk.complete:
            chunks.give_back(chunk)
    assert_they_cover(chunks)
    for record in chunks.records:
        assert set(givers[record.start : record.stop]) == {record.source}
    again = ChunkMap(size, window=1000, kept=chunks.records)
    assert again.records == chunks.records
