"""Which way each blob of a download comes: out of the cache, into it, past it, or brought by another process."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from dget.codec import Region
from dget.engine.awaited import Awaited
from dget.engine.cached_blobs import CachedBlobs
from dget.engine.fetching import Fetching
from dget.engine.sources import Sources
from dget.engine.transfer import Journal, Transfer
from dget.errors import DgetError
from dget.flow import Cancel, Counter, Noted, Observer
from dget.model import Descriptor
from dget.protocol.connection_limit import FIRST, ConnectionLimit
from dget.store import BlobStore, Ingest

# A blob, where it is to be, or None where it is to wait in a store, and how far it is.
Wanted: TypeAlias = tuple[Descriptor, Region | None, Counter]


class Admission:
    """Threads may use it together. Its methods raise DgetError."""

    def __init__(
        self,
        sources: Callable[[Descriptor], Sources],
        store: BlobStore | None,
        fetching: Fetching,
        *,
        cancel: Cancel,
        observer: Observer,
        add: Callable[[Transfer], None],
        finish: Callable[[Descriptor], None],
    ) -> None:
        """add: takes what is to be fetched or verified; finish: is told what is there as it is."""
        self._sources = sources
        self._store = store
        self._fetching = fetching
        self._cancel = cancel
        self._observer = observer
        self._add = add
        self._finish = finish
        self._readers = ConnectionLimit(FIRST)
        self._waiting: deque[Wanted] = deque()
        self._awaited: list[Awaited] = []
        self._journal: Journal | None = None
        self._spool: BlobStore | None = None

    def open(self, wanted: Sequence[Wanted], journal: Journal | None, spool: BlobStore | None) -> None:
        """journal: of the regions; spool: for blobs without a region that the cache does not take. Raises StorageError."""
        self._journal, self._spool = journal, spool
        if self._store:
            self._store.need(blob.digest for blob, _, _ in wanted)
        if self._store and self._store.writable:
            self._store.check_room(blob for blob, _, _ in wanted if not self._store.has(blob))
        self._waiting.extend(wanted)

    def next(self) -> bool:
        """Begins with the next blob; whether there was one."""
        try:
            blob, region, counter = self._waiting.popleft()
        except IndexError:
            return False
        if self._store and self._store.has(blob):
            self._reuse(self._store, blob, region, counter)
        else:
            self.fetch(blob, region, counter)
        return True

    def fetch(self, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        if self._store is None or not self._store.writable:
            self._fetch_past_cache(blob, region, counter)
        elif (ingest := self._store.ingest(blob)) is None:
            self._observer(
                Noted(text=f"another process brings blob {blob.digest.short} into the cache: waiting for it")
            )
            self._awaited.append(Awaited(blob, region, counter, time.monotonic()))
        else:
            self._fetch_into_cache(ingest, blob, region, counter)

    def _fetch_into_cache(self, ingest: Ingest, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        store = ingest.store
        if store.has(blob):
            # Whoever had the lock before us has brought it.
            ingest.abandon()
            self._reuse(store, blob, region, counter)
            return
        self._add(
            Transfer(
                blob,
                self._sources(blob),
                ingest.region,
                ingest,
                counter,
                ingest,
                target=region,
                elsewhere=self._journal,
            )
        )

    def _fetch_past_cache(self, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        if region is None:
            self._fetch_into_cache(self._spooled(blob), blob, region, counter)
            return
        self._add(Transfer(blob, self._sources(blob), region, self._journal, counter, target=region))

    def _spooled(self, blob: Descriptor) -> Ingest:
        """A place for a blob that the cache does not take: there is none, or the process that brings it hangs."""
        ingest = self._spool.ingest(blob) if self._spool else None
        if ingest is None:
            raise DgetError(f"there is no place for blob {blob.digest}")
        return ingest

    def _reuse(self, store: BlobStore, blob: Descriptor, region: Region | None, counter: Counter) -> None:
        """From the cache: verified on the way like any other blob, or taken as it is."""
        cached = CachedBlobs(store, self._cancel, self._readers)
        if self._fetching.verify_cache:
            here = cached.in_place(blob) if region is None else cached.shared(blob, region) or region
            self._add(Transfer(blob, cached, here, self._journal if region else None, counter, target=region))
            return
        if region is not None:
            cached.copy(blob, region)
        counter.reused = blob.size
        self._finish(blob)

    def look_at_awaited(self) -> None:
        """Whether what other processes bring is there, or ours to bring."""
        for one in list(self._awaited):
            if self._settled(one):
                self._awaited.remove(one)

    def _settled(self, one: Awaited) -> bool:
        """Whether the blob is there, or ours to bring since the other process ended or hangs."""
        assert self._store is not None
        here = one.blob, one.region, one.counter
        if self._store.has(one.blob):
            self._reuse(self._store, *here)
        elif ingest := self._store.ingest(one.blob):
            one.counter.elsewhere = 0
            self._observer(Noted(text=f"blob {one.blob.digest.short} is ours to bring: the other process let go of it"))
            self._fetch_into_cache(ingest, *here)
        elif not one.grown(self._store.arriving(one.blob), time.monotonic(), self._fetching.patience):
            one.counter.elsewhere = 0
            self._observer(Noted(text=f"the process that brings blob {one.blob.digest.short} hangs: fetching it too"))
            self._fetch_past_cache(*here)
        else:
            return False
        return True
