"""A stranger's first bytes."""

import pytest

from dget.engine.sources import Source
from dget.engine.trial import compare, fetch_held
from dget.errors import NetworkError
from tests.unit.engine.hosts import MemoryHost, blob_of

RIGHT, WRONG, OTHER = b"right" * 100, b"wrong" * 100, b"other" * 100
BLOB = blob_of(RIGHT)


def source(name: str, content: bytes, *, proven: bool = False, origin: bool = False) -> Source:
    return Source(MemoryHost(name, content, step=77, origin=origin), proven=proven or origin)


def down(name: str, *, proven: bool = False) -> Source:
    found = source(name, b"", proven=proven)
    assert isinstance(found.host, MemoryHost)
    found.host.error = NetworkError("down")
    return found


def test_bytes_are_gathered_from_short_answers():
    assert fetch_held(source("a", RIGHT), BLOB, 3, 490) == RIGHT[3:490]


def test_a_host_that_sends_nothing_is_told():
    with pytest.raises(NetworkError, match="a sent nothing"):
        fetch_held(source("a", RIGHT[:10]), BLOB, 0, 20)


def test_who_agrees_is_proven_and_so_is_who_it_agrees_with():
    stranger, witness = source("a", RIGHT), source("b", RIGHT)
    assert compare(RIGHT, stranger, [witness], BLOB, 0) == (RIGHT, stranger, None)
    assert stranger.proven
    assert witness.proven


def test_a_proven_witness_is_believed():
    stranger, witness = source("a", WRONG), source("b", RIGHT, proven=True)
    data, giver, wrong = compare(WRONG, stranger, [witness], BLOB, 0)
    assert (data, giver) == (RIGHT, witness)
    assert wrong is not None
    assert "b gives" in wrong
    assert not stranger.proven


def test_the_origin_speaks_for_a_stranger_against_a_witness_that_lies_since_it_was_proven():
    stranger = source("a", RIGHT)
    witnesses = [source("b", WRONG, proven=True), source("c", RIGHT, origin=True)]
    assert compare(RIGHT, stranger, witnesses, BLOB, 0) == (RIGHT, stranger, None)
    assert stranger.proven


def test_the_origins_word_is_enough():
    stranger, origin = source("a", WRONG), source("b", RIGHT, origin=True)
    data, giver, wrong = compare(WRONG, stranger, [origin, source("c", WRONG)], BLOB, 0)
    assert (data, giver) == (RIGHT, origin)
    assert wrong is not None


def test_two_strangers_that_agree_count_against_a_third():
    stranger = source("a", WRONG)
    witnesses = [source("b", RIGHT), source("c", RIGHT)]
    data, giver, wrong = compare(WRONG, stranger, witnesses, BLOB, 0)
    assert (data, giver) == (RIGHT, witnesses[1])
    assert wrong is not None


def test_one_strangers_word_against_anothers_decides_nothing():
    stranger, other = source("a", WRONG), source("b", OTHER)
    assert compare(WRONG, stranger, [other], BLOB, 0) == (WRONG, stranger, None)
    assert not stranger.proven
    assert not other.proven


def test_a_witness_that_is_down_says_nothing():
    stranger = source("a", RIGHT)
    assert compare(RIGHT, stranger, [down("b", proven=True)], BLOB, 0) == (RIGHT, stranger, None)
    assert not stranger.proven
