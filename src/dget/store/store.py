"""The cache folders as a whole."""

import os
from collections.abc import Sequence
from pathlib import Path

from dget.codec import FULL
from dget.store.blobs import BlobStore
from dget.store.cache_errors import cache_errors
from dget.store.holds import Holds, Uses
from dget.store.host_rests import HostRests
from dget.store.layout_version import check_version, migrate
from dget.store.refs import RefStore
from dget.store.whole_file import write_whole

_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


class Store:
    """An OCI image layout with `ingest/`, `refs/`, `holds/` and `hosts.json` beside it, and those that are read besides."""

    def __init__(
        self, folder: Path, behind: Sequence[Path] = (), *, writable: bool = True, uses: Uses | None = None
    ) -> None:
        self.folder = folder
        self.behind = behind
        self.writable = writable
        self.holds = Holds(folder, uses)
        self.blobs = BlobStore(folder, behind, writable=writable, holds=self.holds if writable else None)
        self.refs = RefStore(folder, behind, writable=writable)
        self.hosts = HostRests(folder)

    @classmethod
    def open(cls, *folders: Path, uses: Uses | None = None) -> "Store":
        """The first folder that may be written is, and made where it is missing; all that are there are read.

        Where none may be written, those that hold a cache are read alone. uses: the runs during which what they need
        stays there. Raises StorageError where none can be used, and for the layout of a newer dget.
        """
        own = next((folder for folder in folders if _takes_files(folder)), None)
        behind = [folder for folder in folders if folder != own and _is_cache(folder)]
        for folder in behind:
            check_version(folder)
        if own is None:
            if behind:
                return cls(behind[0], behind[1:], writable=False, uses=uses)
            own = folders[0]
        _make(own)
        return cls(own, behind, uses=uses)


def _is_cache(folder: Path) -> bool:
    return os.access(folder / "oci-layout", os.R_OK)


def _takes_files(folder: Path) -> bool:
    """Whether the folder is there, or can be made, and takes new files: permissions alone do not tell."""
    probe = folder / f".{os.urandom(8).hex()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        # A full one is ours all the same: what can be removed from it can make room.
        return error.errno in FULL and _is_cache(folder)
    # Another process may be making the deeper ones at this moment.
    deepest = next(place for place in (folder / "blobs" / "sha256", folder / "blobs", folder) if os.path.lexists(place))
    return os.access(deepest, os.W_OK | os.X_OK)


def _make(folder: Path) -> None:
    with cache_errors(folder, "use the cache"):
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        layout = folder / "oci-layout"
        # A cut one, as a full disk leaves it, would keep other tools away.
        if not layout.exists() or layout.stat().st_size != len(_LAYOUT):
            write_whole(layout, _LAYOUT)
        migrate(folder)
