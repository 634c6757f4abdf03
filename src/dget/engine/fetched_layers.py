"""An image's layers, fetched when they are wanted: only bytes that matched their digest are read."""

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from dget.codec import PositionalFile, ScratchFolder, disk_errors
from dget.engine.cached_image import CachedImage
from dget.engine.download import Download
from dget.engine.fetching import Fetching
from dget.engine.sources import Sources
from dget.flow import BlobFromCache, Cancel, Counter, Observer, Progress, TransferStarted, Warned
from dget.model import Descriptor, Digest, Document, Manifest
from dget.store import BlobStore, Store

_PIECE = 1 << 20


class FetchedLayers:
    """Layers that come from the cache, and into it; without one, into a temporary folder for as long as this is open.

    cancel: stops fetching. Use it as a context manager.
    """

    def __init__(
        self,
        source: CachedImage,
        manifest: Document[Manifest],
        *,
        fetching: Fetching,
        cancel: Cancel,
        observer: Observer,
    ) -> None:
        self._source = source
        self._manifest = manifest.descriptor
        self._layers = manifest.value.layers
        self._fetching = fetching
        self._cancel = cancel
        self._observer = observer
        self._scratch: ScratchFolder | None = None
        self._own_store: Store | None = None
        self._paths: dict[Digest, Path] = {}
        self._making = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._scratch is not None:
            self._scratch.remove()

    def __len__(self) -> int:
        return len(self._layers)

    def label(self, layer: int) -> str:
        return f"layer {layer + 1} ({self._layers[layer].digest.short})"

    def open(self, layer: int) -> BinaryIO:
        """Raises DgetError, IntegrityError where the registry has no bytes that match."""
        self.fetch([layer])
        path = self._paths[self._layers[layer].digest]
        with disk_errors(path, "read"):
            return path.open("rb")

    def fetch(self, layers: Iterable[int]) -> None:
        """Brings all of these, several at a time; those that are here and verified cost nothing more."""
        wanted = {blob.digest: blob for blob in (self._layers[layer] for layer in layers)}
        missing = [
            blob for digest, blob in wanted.items() if digest not in self._paths and not self._take_from_cache(blob)
        ]
        if missing:
            self._download(missing)

    def _take_from_cache(self, blob: Descriptor) -> bool:
        """Whether the cache has it whole; a damaged copy is dropped."""
        store = self._store
        store.need([blob.digest])
        if not store.has(blob):
            return False
        if self._fetching.verify_cache and not self._matches(store, blob):
            store.discard(blob.digest)
            self._observer(Warned(text=f"the cache's copy of {blob.digest.short} is damaged: fetching it again"))
            return False
        self._observer(BlobFromCache(digest=str(blob.digest), size=blob.size))
        self._paths[blob.digest] = store.path(blob.digest)
        return True

    def _matches(self, store: BlobStore, blob: Descriptor) -> bool:
        hasher = blob.digest.hasher()
        file = store.open(blob.digest)
        try:
            at = 0
            while piece := file.read_at(at, _PIECE):
                self._cancel.check()
                hasher.update(piece)
                at += len(piece)
        finally:
            file.close()
        return hasher.hexdigest() == blob.digest.hex

    def _download(self, blobs: Sequence[Descriptor]) -> None:
        store = self._store
        regions = [_Aside(partial(self._place_aside, blob), blob.size) for blob in blobs]
        wanted = [
            (blob, region, Counter(blob.digest.short, blob.size)) for blob, region in zip(blobs, regions, strict=True)
        ]
        self._observer(TransferStarted(progress=Progress([counter for _, _, counter in wanted])))
        self._source.remote.scout(self._manifest)
        # A download's end cancels what it was given, and more of them may follow.
        run = Cancel()
        sources = Sources(self._source.remote.hosts)
        download = Download(
            lambda _: sources,
            store,
            fetching=self._fetching,
            cancel=run,
            observer=self._observer,
            verified=lambda *_: None,
        )
        try:
            with self._cancel.on_cancel(run.cancel):
                download.run(wanted, _NoJournal())
            self._cancel.check()
        finally:
            for region in regions:
                region.close()
        for blob, region in zip(blobs, regions, strict=True):
            self._paths[blob.digest] = region.path or store.path(blob.digest)

    def _place_aside(self, blob: Descriptor) -> Path:
        return self._folder / blob.digest.hex

    @property
    def _store(self) -> BlobStore:
        """The cache, or one of our own that goes when we do."""
        if self._source.store is not None:
            return self._source.store.blobs
        if self._own_store is None:
            self._own_store = Store.open(self._folder)
        return self._own_store.blobs

    @property
    def _folder(self) -> Path:
        with self._making:
            return self._made_folder()

    def _made_folder(self) -> Path:
        if self._scratch is None:
            self._scratch = ScratchFolder()
        return self._scratch.path


class _Aside:
    """A Region for what the cache cannot take, since another process is bringing the same blob into it.

    What goes into the cache is read there, and leaves this one unused.
    """

    def __init__(self, place: Callable[[], Path], size: int) -> None:
        """place: where the file belongs, asked when the first bytes come. path: where it is, if they did."""
        self.path: Path | None = None
        self.size = size
        self._place = place
        self._file: PositionalFile | None = None
        self._opening = threading.Lock()

    def write(self, at: int, buffers: Sequence[bytes | memoryview]) -> None:
        self._opened().write_at(at, buffers)

    def read_into(self, at: int, buffer: memoryview) -> int:
        return self._opened().read_into(at, [buffer[: self.size - at]])

    def clone(self, file: PositionalFile, size: int) -> bool:  # noqa: ARG002 - Region's shape
        return True

    def seal(self, crc32: int) -> None:
        """Its digest is what counts."""

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self) -> PositionalFile:
        with self._opening:
            if self._file is None:
                self.path = self._place()
                self._file = PositionalFile(self.path, create=True)
            return self._file


class _NoJournal:
    """What is put aside is not kept for a later run."""

    def kept(self, blob: Descriptor) -> tuple[()]:  # noqa: ARG002 - Journal's shape
        return ()

    def keep(self, blobs: object, *, sync: bool) -> None:
        """Nothing."""
