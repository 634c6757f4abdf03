"""From plans to a finished file, folder or stream."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from dget.archive import Exported, Exporter, PlacedExporter, SequentialExporter
from dget.codec import Region
from dget.engine.download import Download
from dget.engine.fetching import Fetching
from dget.engine.several import Several
from dget.errors import Cancelled, NetworkError, RateLimited, StorageError
from dget.flow import BlobFromCache, Cancel, Counter, Observer, Progress, TransferStarted
from dget.model import Descriptor, read_config

# After these the same pull may go well, and goes on where it stopped.
TO_BE_CONTINUED = (Cancelled, NetworkError, RateLimited, StorageError)
_Counted: TypeAlias = Sequence[tuple[Descriptor, Counter]]


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """fetched, reused: bytes from the network and from the cache."""

    exported: Exported
    fetched: int
    reused: int


class Assembly(msgspec.Struct, frozen=True, kw_only=True):
    """Where the blobs of a work come from, and how. cancel: of this run alone."""

    several: Several
    fetching: Fetching
    cancel: Cancel
    observer: Observer

    def into(self, exporter: Exporter, scratch: Path | None) -> Assembled:
        """Fetches what is missing and finishes the exporter's target; what arrived before a failure is kept for later.

        scratch: a folder to be made for blobs that wait until a sequential exporter wants them, where no cache holds
        them; None is one among the system's temporary ones. Raises DgetError.
        """
        if isinstance(exporter, PlacedExporter):
            return self._place(exporter)
        return self._feed(exporter, scratch)

    def _place(self, exporter: PlacedExporter) -> Assembled:
        """Blobs arrive in any order where they belong."""
        try:
            exporter.begin(self.several.contents)
            wanted = self._counted(exporter.missing())
            regions = {blob.digest: exporter.region(blob) for blob, _ in wanted}
            download = self._download(lambda blob: self._check(blob, lambda: _content(regions[blob.digest])))
            download.run([(blob, regions[blob.digest], counter) for blob, counter in wanted], exporter)
            return _assembled(exporter.finish(), wanted)
        except TO_BE_CONTINUED:
            exporter.leave()
            raise
        except BaseException:
            exporter.abort()
            raise

    def _feed(self, exporter: SequentialExporter, scratch: Path | None) -> Assembled:
        """Blobs arrive in a store, and are handed over in order while others are still arriving."""
        from dget.engine.feed import Feed, open_spool

        try:
            exporter.begin(self.several.contents)
            wanted = self._counted(exporter.missing())
            with open_spool(scratch, self.cancel) as spool:
                feed = Feed(exporter, [blob for blob, _ in wanted], self.several.store, spool)

                def verified(blob: Descriptor) -> None:
                    self._check(blob, lambda: feed.path(blob).read_bytes())
                    feed.arrived(blob)

                self._download(verified).run(
                    [(blob, None, counter) for blob, counter in wanted],
                    None,
                    spool=spool,
                    beside=lambda: feed.run(self.cancel),
                )
            return _assembled(exporter.finish(), wanted)
        except BaseException:
            exporter.abort()
            raise

    def _counted(self, missing: Sequence[Descriptor]) -> _Counted:
        wanted = [(blob, Counter(blob.digest.short, blob.size)) for blob in missing]
        for blob, _ in wanted:
            if self.several.has(blob):
                self.observer(BlobFromCache(digest=str(blob.digest), size=blob.size))
        self.several.scout([blob for blob, _ in wanted if not self.several.has(blob)])
        self.observer(TransferStarted(progress=Progress([counter for _, counter in wanted])))
        return wanted

    def _download(self, verified: Callable[[Descriptor], None]) -> Download:
        return Download(
            self.several.sources,
            self.several.store,
            fetching=self.fetching,
            cancel=self.cancel,
            observer=self.observer,
            verified=verified,
        )

    def _check(self, blob: Descriptor, read: Callable[[], bytes]) -> None:
        """Whether the config, once it is here, fits the manifest."""
        if self.several.is_config(blob):
            self.several.check_config(read_config(read(), blob), self.observer)


def _assembled(exported: Exported, wanted: _Counted) -> Assembled:
    return Assembled(
        exported=exported,
        fetched=sum(counter.arrived for _, counter in wanted),
        reused=sum(counter.reused for _, counter in wanted),
    )


def _content(region: Region) -> bytes:
    raw = bytearray(region.size)
    region.read_into(0, memoryview(raw))
    return bytes(raw)
