"""Who fetches what next."""

import threading

import pytest

from dget.codec import FileRegion, PositionalFile
from dget.engine.cached_blobs import CachedBlobs
from dget.engine.connections import Claim, Connections
from dget.engine.sources import Sources
from dget.engine.transfer import Transfer
from dget.errors import NetworkError
from dget.flow import Cancel, Counter
from dget.protocol.connection_limit import ConnectionLimit
from dget.store import BlobStore
from tests.unit.engine.hosts import MemoryHost, MemoryHosts, blob_of


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


@pytest.fixture
def ahead(start, host, connections) -> Transfer:
    """What came is far ahead of the hash, and one connection goes on."""
    transfer: Transfer = start(100 << 20, Sources(MemoryHosts(host)))
    while transfer.map.watermark <= 40 << 20:
        claim = claimed(connections, transfer)
        transfer.map.landed(claim.chunk, claim.chunk.left, 0)
        connections.release(claim)
    claimed(connections, transfer)
    return transfer


def test_where_connections_give_plenty_the_hash_gets_the_core_of_one(host, connections, ahead):
    host.connections.ample = True
    assert connections.claim([ahead]) is None
    ahead.hash_step(memoryview(bytearray(1 << 20)))
    assert connections.claim([ahead]) is not None


def test_where_they_do_not_the_hash_is_not_waited_for(connections, ahead):
    assert connections.claim([ahead]) is not None


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


def test_however_many_blobs_come_from_the_cache_few_threads_read_it(tmp_path, start, connections):
    store, readers = BlobStore(tmp_path / "cache"), ConnectionLimit(2)
    blobs = [start(size, CachedBlobs(store, Cancel(), readers)) for size in range(1, 40)]
    assert connections.wanted(blobs) == 2
