"""The readers that are fuzzed. Each takes any bytes, and either reads them or refuses them with a DgetError."""

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dget.archive.inspection import inspect_archive
from dget.archive.layers import LayerReader
from dget.archive.layers.rootfs import write_rootfs_folder
from dget.archive.readers import image_names
from dget.codec import Decompressed, FileLock, Ledger
from dget.codec.readable import StoredGzipFile
from dget.config.credentials.auth_file import AuthFile
from dget.errors import DgetError
from dget.flow import Cancel, silent
from dget.model import Descriptor, Digest, FileLocator, ImageConfig, Index, Platform, Reference, read_manifest
from dget.model.document import decode
from dget.protocol.challenge import parse_challenges
from dget.protocol.http import Headers
from dget.protocol.origin import redirected, show_url
from dget.protocol.pagination import next_page
from dget.protocol.quota import Quota
from dget.protocol.ranges import check_range
from dget.protocol.schema1 import payload_of, read_schema1
from dget.store import Store, take_stock
from dget.store.holds import Holds
from tests.parts.trees import MemoryLayers

# So much is unpacked at most: a bomb is for another test, here it would cost time alone.
_UNPACKED_MAX = 4 << 20
_AMD64 = Platform.parse("linux/amd64")
_URL = "https://registry.example/v2/x/tags/list"


def reference(data: bytes) -> None:
    """A name is either refused, or means the same when it is read again."""
    found = Reference.parse(data.decode(errors="surrogateescape"))
    assert Reference.parse(str(found)) == (found if found.tag or found.digest else found.with_tag("latest"))


def header(data: bytes) -> None:
    """Fields of an answer that are read: each line is a value of them all."""
    values = data.decode("latin-1").split("\n")[:20]
    for challenge in parse_challenges(values):
        assert challenge.scheme == challenge.scheme.lower()
    names = (
        "Link",
        "Content-Range",
        "Content-Length",
        "Docker-RateLimit-Source",
        "RateLimit-Remaining",
        "RateLimit-Limit",
    )
    headers = Headers.of([(name, value) for name in names for value in values[:2]])
    Quota.from_headers(headers)
    for value in values:
        show_url(value)
        with contextlib.suppress(DgetError):
            assert urlsplit(redirected(_URL, value)).scheme == "https"
    for status in (200, 206, 416):
        with contextlib.suppress(DgetError):
            check_range(status, headers, start=5, stop=10, size=20)
    if following := next_page(_URL, headers):
        assert urlsplit(following).netloc == "registry.example"


def manifest(data: bytes) -> None:
    """A document of each kind that it may be."""
    with contextlib.suppress(DgetError):
        str(decode(data, ImageConfig).platform.normalised())
    with contextlib.suppress(DgetError):
        read_schema1(payload_of(data))
    document = read_manifest(data)
    assert document.raw is data
    if isinstance(document.value, Index):
        [str(entry.platform.normalised()) for entry in document.value.images if entry.platform]


def gzip(data: bytes) -> None:
    """What is packed in any way; both readers of stored gzip give the same."""
    source, unpacked = Decompressed(io.BytesIO(data), "it"), b""
    while (piece := source.read(64 << 10)) and len(unpacked) < _UNPACKED_MAX:
        unpacked += piece
    with _file(data) as path:
        if stored := StoredGzipFile.open(path):
            plain = stored.read_at(0, stored.size)
            stored.close()
            assert unpacked == plain[: len(unpacked)]


def layer(data: bytes) -> None:
    """A layer's files become a folder, and nothing beside it is touched."""
    with tempfile.TemporaryDirectory() as place:
        beside = Path(place) / "beside"
        beside.write_bytes(b"mine")
        target = Path(place) / "target"
        try:
            write_rootfs_folder(LayerReader(MemoryLayers([data]), Cancel()), target)
        finally:
            assert beside.read_bytes() == b"mine"
            assert {path.name for path in Path(place).iterdir()} <= {"beside", "target", "target.part.lock"}
            for folder, _, _ in os.walk(target):
                Path(folder).chmod(0o700)


def archive(data: bytes) -> None:
    """A file that should hold images."""
    with _file(data) as path:
        inspect_archive(path, _AMD64, cancel=Cancel(), observer=silent)
        image_names(FileLocator(path=str(path)), cancel=Cancel(), observer=silent)


def state(data: bytes) -> None:
    """The cache's own records, garbled: it is opened and used all the same, or refused."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        name = f"{hashlib.sha256(b'a:1').hexdigest()}.json"
        for path in (
            "dget.json",
            "oci-layout",
            "index.json",
            f"refs/{name}",
            "holds/0123456789abcdef.list",
            "x.ledger",
        ):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(data)
        Ledger(folder / "x.ledger", "x").read()
        lock = FileLock.try_take(folder / "holds" / "0123456789abcdef.lock")
        assert lock is not None
        with Holds(folder).pruning(lambda _: None) as held:
            assert all(isinstance(one, Digest) for one in held)
        lock.release()
        with contextlib.suppress(DgetError):
            AuthFile.parse(data, "it").credential("docker.io", "library/x")
        store = Store.open(folder)
        if ref := store.refs.get("a:1"):
            assert isinstance(ref.descriptor, Descriptor)
        take_stock(folder, store.refs)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    one.__name__: one for one in (reference, header, manifest, gzip, layer, archive, state)
}


def run(target: Callable[[bytes], None], data: bytes) -> None:
    """Raises whatever is no DgetError: that is what is looked for."""
    with contextlib.suppress(DgetError):
        target(data)


@contextlib.contextmanager
def _file(data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "x"
        path.write_bytes(data)
        yield path
