"""Who gave wrong bytes."""

import zlib

import pytest

from dget.codec import Record
from dget.engine.liar import find_liar
from dget.engine.sources import Source
from dget.errors import NetworkError
from tests.unit.engine.hosts import MemoryHost, blob_of

RIGHT = bytes(range(200))
BLOB = blob_of(RIGHT)


def spoilt(at: int) -> bytes:
    return RIGHT[:at] + bytes([RIGHT[at] ^ 1]) + RIGHT[at + 1 :]


def sources(*, origin: bytes | None = RIGHT, **mirrors: bytes) -> list[Source]:
    """By name, what each gives; the origin first, where it is there."""
    found = [Source(MemoryHost(name, content, step=30), proven=True) for name, content in mirrors.items()]
    if origin is not None:
        found.insert(0, Source(MemoryHost("origin", origin, origin=True, step=30), proven=True))
    return found


def ledger(hosts: list[Source], *givers: str) -> list[Record]:
    """Equal parts of the blob, by these hosts."""
    size = len(RIGHT) // len(givers)
    by_name = {source.name: source.host for source in hosts}
    records = []
    for place, giver in enumerate(givers):
        host = by_name[giver]
        assert isinstance(host, MemoryHost)
        start, stop = place * size, (place + 1) * size
        records.append(Record(start, stop, zlib.crc32(host.content[start:stop]), giver))
    return records


@pytest.mark.parametrize(
    ("spoils", "givers", "liar"),
    [
        (10, ["a", "b", "origin", "a"], "a"),
        (199, ["b", "origin", "b", "a"], "a"),
        (60, ["a", "origin", "a", "a"], None),
        (60, ["a", "a", "a", "a"], "a"),
    ],
)
def test_a_mirrors_bytes_are_compared_with_the_origins(spoils, givers, liar):
    hosts = sources(a=spoilt(spoils), b=RIGHT)
    found = find_liar(ledger(hosts, *givers), BLOB, hosts)
    assert (found[0].name if found else None) == liar
    assert found is None or found[1].name in ("origin", "b")


def test_what_two_mirrors_agree_on_counts_against_the_origin():
    hosts = sources(origin=spoilt(10), a=RIGHT, b=RIGHT)
    found = find_liar(ledger(hosts, "origin", "origin"), BLOB, hosts)
    assert found is not None
    assert found[0].name == "origin"


def test_one_mirrors_word_does_not_count_against_the_origins():
    hosts = sources(origin=RIGHT, a=spoilt(10))
    found = find_liar(ledger(hosts, "origin", "origin"), BLOB, hosts)
    assert found is not None
    assert (found[0].name, found[1].name) == ("a", "origin")


def test_without_an_origin_the_majority_counts():
    hosts = sources(origin=None, a=RIGHT, b=spoilt(150), c=RIGHT)
    found = find_liar(ledger(hosts, "a", "b"), BLOB, hosts)
    assert found is not None
    assert found[0].name == "b"


def test_who_is_down_is_no_witness():
    hosts = sources(a=spoilt(10), b=RIGHT)
    assert isinstance(hosts[0].host, MemoryHost)
    hosts[0].host.error = NetworkError("down")
    found = find_liar(ledger(hosts, "a", "b"), BLOB, hosts)
    assert found is not None
    assert (found[0].name, found[1].name) == ("a", "b")


def test_records_of_hosts_that_are_gone_are_passed_over():
    hosts = sources(a=RIGHT)
    assert find_liar([Record(0, 10, 5, "gone"), Record(10, 20, 5)], BLOB, hosts) is None
