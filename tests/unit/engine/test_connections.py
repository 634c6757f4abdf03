"""Who fetches what next."""

import threading
import time
from collections.abc import Sequence

import pytest

from dget.codec import FileRegion, PositionalFile, Record
from dget.engine.cached_blobs import CachedBlobs
from dget.engine.connections import Claim, Connections
from dget.engine.sources import Sources
from dget.engine.transfer import Transfer
from dget.errors import NetworkError
from dget.flow import Cancel, Counter
from dget.protocol.connection_limit import ConnectionLimit
from dget.store import BlobStore
from tests.unit.engine.hosts import MemoryHost, MemoryHosts, blob_of

MB = 1 << 20


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost("a", origin=True)


@pytest.fixture
def start(tmp_path):
    """A transfer of zeros: `start(size, source)`."""
    file = PositionalFile(tmp_path / "x", create=True)

    def one(size: int, source: Sources | CachedBlobs) -> Transfer:
        counter = Counter(label="x", total=size)
        return Transfer(blob_of(bytes(size)), source, FileRegion(file, 0, size), None, counter, target=None)

    yield one
    file.close()


@pytest.fixture
def connections() -> Connections:
    return Connections(threading.Condition(), hurry=True)


def claimed(connections: Connections, transfer: Transfer) -> Claim:
    claim = connections.claim([transfer])
    assert claim is not None
    return claim


@pytest.mark.parametrize(
    ("rate", "latency", "size", "parts"),
    [
        # Not known yet, on and on.
        (0, 0.0, 20 * MB, [4, 4, 4, 4, 4]),
        # A second's worth, then half of a share of two connections, then a tenth of a second's worth.
        (10 * MB, 0.01, 40 * MB, [8, 8, 6, 4.5, 3.375, 2.53, 1.9, 1.42, 1.07, 1, 1, 1.2]),
        # Far away: no less than comes during four waits.
        (10 * MB, 0.2, 40 * MB, [8, 8, 6, 4.5, 4, 4, 5.5]),
        # Slow: a request is worth half a megabyte at least.
        (MB, 0.01, 8 * MB, [2, 1.5, 1.12, 0.84, 0.63, 0.5, 0.5, 0.5, 0.4]),
    ],
)
def test_requests_are_a_seconds_worth_and_shrink_towards_the_end(start, host, connections, rate, latency, size, parts):
    transfer = start(size, Sources(MemoryHosts(host)))
    assert sizes(connections, [transfer], rate, latency) == pytest.approx(parts, abs=0.02)


def test_the_end_is_that_of_all_blobs(start, host, connections):
    sources = Sources(MemoryHosts(host))
    blobs = [start(8 * MB, sources), start(40 * MB, sources)]
    assert sizes(connections, blobs, 10 * MB, 0.01)[:2] == [8, 8]


def test_what_the_cache_has_is_nothing_that_is_left_to_fetch(tmp_path, start, host, connections):
    cached = CachedBlobs(BlobStore(tmp_path / "cache"), Cancel(), ConnectionLimit(0))
    blobs = [start(8 * MB, Sources(MemoryHosts(host))), start(40 * MB, cached)]
    assert sizes(connections, blobs, 10 * MB, 0.01)[0] == 2


def sizes(connections: Connections, transfers: Sequence[Transfer], rate: float, latency: float) -> list[float]:
    """What is asked for, one request after the other, in MB. rate, latency: what is known of a connection."""
    found = []
    (source,) = transfers[0].sources.all(transfers[0].blob)
    source.rate, source.latency = rate, latency
    while claim := connections.claim(transfers):
        found.append(claim.chunk.left / MB)
        claim.transfer.map.landed(claim.chunk, claim.chunk.left, 0)
        connections.release(claim)
        source.rate, source.lately = rate, 0.0
    return found


def test_requests_that_a_host_refused_together_count_once(start, host, connections):
    host.connections = ConnectionLimit(8)
    transfer = start(100 << 20, Sources(MemoryHosts(host, MemoryHost("b"))))
    both = [claim for claim in (claimed(connections, transfer) for _ in range(3)) if claim.source.name == "a"]
    for claim in both:
        connections.failed(claim, NetworkError("too many", temporary=True), 0)
    assert len(both) == 2
    assert host.connections.now == 4


def test_a_stalled_chunk_is_taken_over_where_the_host_may_have_one_more_connection(start, host, connections):
    host.connections = ConnectionLimit(1)
    transfer = start(1 << 20, Sources(MemoryHosts(host)))
    stalled = claimed(connections, transfer)
    stalled.moved -= 60
    assert connections.claim([transfer]) is None
    host.connections.now = 2
    assert claimed(connections, transfer).chunk.stop == 1 << 20
    assert stalled.chunk.complete


@pytest.mark.parametrize(("latency", "shared"), [(0.1, True), (2.0, False)])
def test_the_rest_of_a_slow_chunk_is_shared_unless_an_answer_takes_as_long(start, host, connections, latency, shared):
    host.connections = ConnectionLimit(3)
    transfer = start(100 * MB, Sources(MemoryHosts(host)))
    transfer.begin([Record(0, 92 * MB, 0)])
    for claim in [claimed(connections, transfer), claimed(connections, transfer)]:
        # A megabyte came in a second; three seconds are left.
        claim.answered = time.monotonic() - 1
        claim.since = claim.answered - latency
        transfer.map.landed(claim.chunk, MB, 0)
    assert (connections.claim([transfer]) is not None) == shared


def test_however_many_blobs_come_from_the_cache_few_threads_read_it(tmp_path, start, connections):
    store, readers = BlobStore(tmp_path / "cache"), ConnectionLimit(2)
    blobs = [start(size, CachedBlobs(store, Cancel(), readers)) for size in range(1, 40)]
    assert connections.wanted(blobs) == 2
