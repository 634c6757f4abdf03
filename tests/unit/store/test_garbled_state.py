"""State files that a crash, a bad disk or a person garbled."""

import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dget.flow import Cancel
from dget.model import Descriptor, Digest
from dget.model.media_type import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from dget.store import Rules, Store, take_stock
from dget.store.prune import prune
from dget.store.verify import verify

LAYER = b"layer"
CONFIG = b'{"architecture": "amd64", "os": "linux"}'
NOW = time.time()


def blob(data: bytes, media_type: str = "") -> Descriptor:
    return Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))


MANIFEST = (
    f'{{"schemaVersion": 2, "mediaType": "{OCI_MANIFEST}",'
    f' "config": {{"mediaType": "{OCI_CONFIG}", "digest": "{Digest.of(CONFIG)}", "size": {len(CONFIG)}}},'
    f' "layers": [{{"mediaType": "{OCI_LAYER_GZIP}", "digest": "{Digest.of(LAYER)}", "size": {len(LAYER)}}}]}}'
).encode()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A cache with an image, an unfinished download, and a process that holds something."""
    store = Store.open(tmp_path_factory.mktemp("whole"))
    for data in (LAYER, CONFIG, MANIFEST):
        store.blobs.add(Digest.of(data), data)
    store.refs.set("a:1", blob(MANIFEST, OCI_MANIFEST), now=NOW)
    ingest = store.blobs.ingest(blob(b"coming"))
    assert ingest is not None
    ingest.region.write(0, [b"com"])
    ingest.keep({blob(b"coming").digest: []}, sync=False)
    ingest.file.close()
    ingest._lock.release()
    holds = store.folder / "holds"
    holds.mkdir()
    (holds / "0123456789abcdef.list").write_text(f"{Digest.of(LAYER)}\n")
    return store.folder


@st.composite
def garblings(draw):
    """Which file, and what it says then: anything, or what it said with a piece of it changed."""
    return draw(st.integers(0, 30)), draw(st.binary(max_size=60)), draw(st.integers(0, 300)), draw(st.booleans())


@given(st.lists(garblings(), min_size=1, max_size=4))
@example([(0, b"[" * 100_000, 0, True)])
@example([(number, b"", 0, True) for number in range(12)])
def test_whatever_they_say_the_cache_works_and_what_is_right_stays_right(whole, garbled):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "cache"
        shutil.copytree(whole, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for number, data, at, replaced in garbled:
            path = files[number % len(files)]
            before = path.read_bytes()
            path.write_bytes(data if replaced else before[:at] + data + before[at + len(data) :])
        if b'"layout"' in (folder / "dget.json").read_bytes():
            shutil.copy(whole / "dget.json", folder)
        store = Store.open(folder)
        if ref := store.refs.get("a:1"):
            raw = store.blobs.read(ref.descriptor)
            assert raw is None or Digest.of(raw) == ref.digest
        take_stock(folder, store.refs)
        verify(store, started=lambda _: None, cancel=Cancel())
        for path in (folder / "blobs").rglob("*"):
            if path.is_file():
                assert Digest.of(path.read_bytes()).hex == path.name
        ingest = store.blobs.ingest(blob(b"coming"))
        assert ingest is not None
        ingest.kept(blob(b"coming"))
        ingest.abandon()
        prune(store, Rules(max_size=0), now=NOW, dry_run=False, wait=time.sleep)
        assert take_stock(folder, store.refs).size == 0
