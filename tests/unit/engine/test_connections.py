"""Who fetches what next."""

import threading

import pytest

from dget.codec import FileRegion, PositionalFile
from dget.engine.connections import Connections
from dget.engine.sources import Sources
from dget.engine.transfer import Transfer
from dget.flow import Counter
from tests.unit.engine.hosts import MemoryHost, MemoryHosts, blob_of

CONTENT = bytes(100 << 20)


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost("a", origin=True)


@pytest.fixture
def transfer(tmp_path, host):
    file = PositionalFile(tmp_path / "x", create=True)
    region = FileRegion(file, 0, len(CONTENT))
    blob, counter = blob_of(CONTENT), Counter(label="x", total=len(CONTENT))
    yield Transfer(blob, Sources(MemoryHosts(host)), region, None, counter, target=None)
    file.close()


@pytest.fixture
def connections(transfer) -> Connections:
    """What came is far ahead of the hash, and one connection goes on."""
    connections = Connections(threading.Condition(), hurry=True)
    while transfer.map.watermark <= 40 << 20:
        claim = connections.claim([transfer])
        assert claim is not None
        transfer.map.landed(claim.chunk, claim.chunk.left, 0)
        connections.release(claim)
    assert connections.claim([transfer]) is not None
    return connections


def test_where_connections_give_plenty_the_hash_gets_the_core_of_one(host, transfer, connections):
    host.connections.ample = True
    assert connections.claim([transfer]) is None
    transfer.hash_step(memoryview(bytearray(1 << 20)))
    assert connections.claim([transfer]) is not None


def test_where_they_do_not_the_hash_is_not_waited_for(transfer, connections):
    assert connections.claim([transfer]) is not None
