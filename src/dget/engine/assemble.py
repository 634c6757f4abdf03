"""From a plan to a finished file."""

from dataclasses import dataclass

from dget.archive import Exported, Exporter
from dget.codec import Region
from dget.engine.cached_image import CachedImage
from dget.engine.download import Download
from dget.engine.plan import PullPlan, check_config
from dget.engine.sources import Sources
from dget.errors import Cancelled, NetworkError, RateLimited, StorageError
from dget.flow import BlobFromCache, Cancel, Counter, Observer, Progress, RateLimit, TransferStarted
from dget.model import Descriptor, read_config

# After these the same pull may go well, and goes on where it stopped.
_TO_BE_CONTINUED = (Cancelled, NetworkError, RateLimited, StorageError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """fetched, reused: bytes from the network and from the cache."""

    exported: Exported
    fetched: int
    reused: int


def assemble(
    source: CachedImage,
    plan: PullPlan,
    exporter: Exporter,
    *,
    connections: int | None,
    rate_limit: RateLimit | None,
    verify_cache: bool,
    cancel: Cancel,
    observer: Observer,
) -> Assembled:
    """Fetches what is missing and finishes the exporter's target; what arrived before a failure is kept for later.

    cancel: of this run alone. Raises DgetError.
    """
    store = source.store.blobs if source.store else None
    config = plan.image.manifest.value.config

    def verified(blob: Descriptor, region: Region) -> None:
        if blob.digest == config.digest:
            raw = bytearray(blob.size)
            region.read_into(0, memoryview(raw))
            check_config(plan, read_config(bytes(raw), blob), observer)

    download = Download(
        Sources(source.remote.hosts),
        store,
        connections=connections,
        rate_limit=rate_limit,
        verify_cache=verify_cache,
        cancel=cancel,
        observer=observer,
        verified=verified,
    )
    try:
        exporter.begin(plan.contents)
        wanted = [(blob, exporter.region(blob), Counter(blob.digest.short, blob.size)) for blob in exporter.missing()]
        progress = Progress([counter for _, _, counter in wanted])
        for blob, _, _ in wanted:
            if source.has(blob):
                observer(BlobFromCache(digest=str(blob.digest), size=blob.size))
        if not all(source.has(blob) for blob, _, _ in wanted):
            source.remote.scout(plan.image.manifest.descriptor)
        observer(TransferStarted(progress=progress))
        download.run(wanted, exporter)
        exported = exporter.finish()
    except _TO_BE_CONTINUED:
        exporter.leave()
        raise
    except BaseException:
        exporter.abort()
        raise
    return Assembled(exported=exported, fetched=progress.arrived, reused=progress.reused)
