"""The cache folder as a whole."""

from pathlib import Path

from dget.store.blobs import BlobStore
from dget.store.cache_errors import cache_errors
from dget.store.host_rests import HostRests
from dget.store.refs import RefStore

_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


class Store:
    """An OCI image layout with `ingest/`, `refs/` and `hosts.json` beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = BlobStore(folder)
        self.refs = RefStore(folder)
        self.hosts = HostRests(folder)

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Makes the folder where it is missing. Raises StorageError where it cannot be used."""
        with cache_errors(folder, "use the cache"):
            (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
            layout = folder / "oci-layout"
            if not layout.exists():
                layout.write_bytes(_LAYOUT)
        return cls(folder)
