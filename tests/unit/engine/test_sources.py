"""Which host the next chunk is asked of."""

from collections.abc import Sequence

import pytest

from dget.engine.sources import Source, Sources
from dget.errors import IntegrityError, NetworkError, NotFound, RateLimited, StorageError
from tests.unit.engine.hosts import MemoryHost, MemoryHosts, blob_of

BLOB = blob_of(b"x")


def sources_of(*hosts: MemoryHost) -> Sources:
    return Sources(MemoryHosts(*hosts))


def chosen(sources: Sources, count: int = 1, now: float = 0.0, full: Sequence[str] = ()) -> list[str]:
    """Who gets the next chunks, none of which ends meanwhile. full: who may have no more connections."""
    names = []
    for _ in range(count):
        source = sources.choose(BLOB, now, lambda source: source.name not in full)
        if source is not None:
            source.busy += 1
        names.append(source.name if source else "")
    return names


def known(sources: Sources, **rates: float) -> dict[str, Source]:
    """The sources by name, proven, with these rates."""
    found = {source.name: source for source in sources.all(BLOB)}
    for name, rate in rates.items():
        found[name].proven, found[name].rate = True, rate
    return found


def test_a_host_alone_gets_everything_proven_or_not():
    assert chosen(sources_of(MemoryHost("a")), 3) == ["a", "a", "a"]


def test_who_has_all_the_connections_that_it_may_have_is_asked_for_no_more():
    assert chosen(sources_of(MemoryHost("a")), full=["a"]) == [""]
    sources = sources_of(MemoryHost("a"), MemoryHost("o", origin=True))
    known(sources, a=10, o=1)
    assert chosen(sources, 2, full=["a"]) == ["o", "o"]


def test_each_stranger_gets_one_chunk_and_the_origin_the_rest():
    sources = sources_of(MemoryHost("a"), MemoryHost("b"), MemoryHost("o", origin=True))
    assert chosen(sources, 5) == ["a", "b", "o", "o", "o"]


def test_strangers_among_themselves_are_waited_for():
    assert chosen(sources_of(MemoryHost("a"), MemoryHost("b")), 3) == ["a", "b", ""]


@pytest.mark.parametrize(
    ("rates", "shares"),
    [
        ({"a": 1, "b": 1}, {"a": 6, "b": 6}),
        ({"a": 3, "b": 1}, {"a": 9, "b": 3}),
        ({"a": 100, "b": 1}, {"a": 12, "b": 0}),
        ({"a": 8, "b": 2, "c": 2}, {"a": 8, "b": 2, "c": 2}),
    ],
)
def test_the_faster_a_hosts_connections_are_the_more_it_gets(rates, shares):
    sources = sources_of(*(MemoryHost(name) for name in rates))
    known(sources, **rates)
    names = chosen(sources, 12)
    assert {name: names.count(name) for name in rates} == shares


def test_a_host_that_fails_is_spared_then_left_out():
    good, bad = MemoryHost("good"), MemoryHost("bad", origin=True)
    sources = sources_of(good, bad)
    both = known(sources, good=1, bad=100)
    error = NetworkError("broken", temporary=True)
    assert sources.failed(both["bad"], error, BLOB, now=0.0, jitter=0.5)
    assert chosen(sources, now=0.1) == ["good"]
    assert chosen(sources, now=5.0) == ["bad"]
    assert bad.failures == []
    for _ in range(2):
        sources.failed(both["bad"], error, BLOB, now=6.0, jitter=0.5)
    assert bad.failures == [error]


def test_a_servers_wait_is_kept_while_others_work():
    sources = sources_of(MemoryHost("a"), MemoryHost("b"))
    both = known(sources, a=1, b=100)
    error = RateLimited("too many")
    error.retry_after = 30.0
    assert sources.failed(both["b"], error, BLOB, now=0.0, jitter=0.5)
    assert chosen(sources, now=29.0) == ["a"]
    assert chosen(sources, now=31.0) == ["b"]


def test_a_host_that_lacks_a_blob_is_asked_for_others():
    sources = sources_of(MemoryHost("a"), MemoryHost("b"))
    both = known(sources, a=1, b=100)
    assert sources.failed(both["b"], NotFound("none"), BLOB, now=0.0, jitter=0.5)
    assert chosen(sources, now=99.0) == ["a"]
    source = sources.choose(blob_of(b"other"), 99.0, lambda _: True)
    assert source is both["b"]


@pytest.mark.parametrize("error", [NotFound("none"), NetworkError("down", temporary=True)])
def test_where_nobody_else_has_it_the_error_is_for_the_run(error):
    sources = sources_of(MemoryHost("a"))
    (only,) = sources.all(BLOB)
    assert not sources.failed(only, error, BLOB, now=0.0, jitter=0.5)


def test_where_all_lack_a_blob_somebody_is_asked_so_that_the_error_comes_to_light():
    sources = sources_of(MemoryHost("a"), MemoryHost("b"))
    both = known(sources, a=1, b=1)
    assert sources.failed(both["a"], NotFound("none"), BLOB, now=0.0, jitter=0.5)
    assert not sources.failed(both["b"], NotFound("none"), BLOB, now=0.0, jitter=0.5)
    assert chosen(sources, now=99.0) == ["b"]


def test_a_full_disk_is_nobodys_fault_among_the_hosts():
    sources = sources_of(MemoryHost("a"), MemoryHost("b"))
    assert not sources.failed(sources.all(BLOB)[0], StorageError("full"), BLOB, now=0.0, jitter=0.5)


def test_a_host_that_sends_what_does_not_belong_there_is_told_so_at_once():
    wrong = MemoryHost("wrong")
    sources = sources_of(wrong, MemoryHost("o", origin=True))
    error = IntegrityError("more bytes than there are")
    assert sources.failed(known(sources)["wrong"], error, BLOB, now=0.0, jitter=0.5)
    assert wrong.failures == [error]


def test_rates_follow_what_was_seen_lately():
    source = Source(MemoryHost("a"), proven=True)
    source.measured(1000, 1.0)
    source.measured(3000, 1.0)
    assert source.rate == 2000


def test_the_wait_for_an_answer_follows_what_was_seen_lately():
    source = Source(MemoryHost("a"), proven=True)
    source.answered(0.3)
    assert source.latency == pytest.approx(0.3)
    source.answered(0.1)
    assert source.latency == pytest.approx(0.2)
