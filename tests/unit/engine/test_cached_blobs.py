"""The cache as a source of blobs."""

import pytest

from dget.engine.cached_blobs import CachedBlobs
from dget.flow import Cancel
from dget.model import Descriptor, Digest
from dget.protocol.connection_limit import ConnectionLimit
from dget.store import Store

DATA = b"some bytes" * 300_000
BLOB = Descriptor(digest=Digest.of(DATA), size=len(DATA))


class Sink:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes | memoryview) -> None:
        self.data += data


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path)
    store.blobs.add(BLOB.digest, DATA)
    return store


def read(store, start: int, stop: int) -> bytes:
    sink = Sink()
    CachedBlobs(store.blobs, Cancel(), ConnectionLimit(2)).read_blob(BLOB, sink, start=start, stop=stop)
    return sink.data


def test_any_part_of_a_blob_is_read(store):
    assert read(store, 0, len(DATA)) == DATA
    assert read(store, 5, 17) == DATA[5:17]


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "gone"])
def test_a_blob_that_is_cut_or_gone_gives_as_many_bytes_that_its_digest_refuses(store, cut):
    """It may go while it is used: another process found it damaged, or prunes a cache that is only read here."""
    path = store.blobs.path(BLOB.digest)
    if cut:
        path.write_bytes(DATA[:1_000])
    else:
        path.unlink()
    data = read(store, 500, len(DATA))
    assert len(data) == len(DATA) - 500
    assert data != DATA[500:]
