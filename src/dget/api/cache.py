"""The cache as a thing of its own: what it has, and what may go."""

import fnmatch
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from dget.config import Settings
from dget.errors import NotFound, UsageError
from dget.flow import Cancel, Counter, Observer, Progress, Stage, TransferStarted, run_interruptibly, silent
from dget.model import Digest, Reference
from dget.store import Pruned, Rules, Stock, Store, StoredImage, take_stock
from dget.store.prune import prune
from dget.store.verify import verify

T = TypeVar("T")
# Seconds that a person wonders about nothing.
_SILENT_MAX = 1.0


class CacheImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image in a cache. Sizes in bytes, times in unix time.

    own: bytes that no other image needs; shared: those that others need too, which are named in shared_with; complete:
    whether all of it is there; resolved: when its name was last looked up; came: when its content did; used: when it was
    last pulled.
    """

    name: str
    digest: str
    platforms: tuple[str, ...]
    size: int
    own: int
    shared: int
    shared_with: tuple[str, ...]
    complete: bool
    came: float
    resolved: float
    used: float


class CacheFolder(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes in bytes. unfinished: of downloads to be gone on with; bad: set aside; unreferenced: of no image."""

    path: Path
    writable: bool
    size: int
    blobs: int
    unfinished: int
    unreferenced: int
    bad: int
    images: tuple[CacheImage, ...]


class CacheUsage(msgspec.Struct, frozen=True, kw_only=True):
    """now: when this was true, unix time."""

    now: float
    folders: tuple[CacheFolder, ...]


class CachePaths(msgspec.Struct, frozen=True, kw_only=True):
    """The first that is written, and those that are read besides."""

    paths: tuple[Path, ...]


class PruneResult(msgspec.Struct, frozen=True, kw_only=True):
    """freed: bytes; unfinished: downloads that were given up; dry_run: nothing was removed."""

    path: Path
    images: tuple[str, ...]
    blobs: int
    unfinished: int
    freed: int
    dry_run: bool


class DamagedBlob(msgspec.Struct, frozen=True, kw_only=True):
    """images: the names that need it; aside: where it lies now."""

    digest: str
    size: int
    images: tuple[str, ...]
    aside: Path | None


class VerifyResult(msgspec.Struct, frozen=True, kw_only=True):
    """size: bytes read; records: unreadable ones of names, which are gone."""

    blobs: int
    size: int
    damaged: tuple[DamagedBlob, ...]
    records: int


class Cache:
    """What a client keeps. Every call raises DgetError, and stops when `cancel` is used."""

    def __init__(self, settings: Settings | None = None, *, observer: Observer = silent) -> None:
        self._settings = settings or Settings()
        self._observer = observer

    def paths(self) -> CachePaths:
        """Where it is, whether something is there yet or not."""
        return CachePaths(paths=_folders(self._settings))

    def usage(self, *, cancel: Cancel | None = None) -> CacheUsage:
        """What there is, the images by name."""

        def look(_: Cancel) -> CacheUsage:
            folders = (_folder(take_stock(one.folder, one.refs), writable=one.writable) for one in self._stores())
            return CacheUsage(now=time.time(), folders=tuple(folders))

        return _run(look, cancel)

    def prune(
        self,
        images: Sequence[str] = (),
        *,
        older_than: float | None = None,
        max_size: int | None = None,
        dry_run: bool = False,
        cancel: Cancel | None = None,
    ) -> PruneResult:
        """Removes what no image needs, and images: of `images` (all, if there are none) those not used for a while.

        images: names, or patterns such as `quay.io/*`; without `older_than` they go whenever they were used. older_than:
        seconds; max_size: bytes that may stay, the image used longest ago goes first. What a running pull needs stays.
        Raises NotFound for a name that is not there.
        """
        now = time.time()
        rules = Rules(
            named=self._chosen(images) if images else None,
            before=None if older_than is None else now - older_than,
            max_size=max_size,
        )

        def remove(run: Cancel) -> PruneResult:
            store = Store.open(*_folders(self._settings))
            return _pruned(store, prune(store, rules, now=now, dry_run=dry_run, wait=self._wait(run)), dry_run=dry_run)

        return _run(remove, cancel)

    def verify(self, *, cancel: Cancel | None = None) -> VerifyResult:
        """Reads every blob again; damaged ones are set aside, and fetched by the next pull that needs them."""

        def check(run: Cancel) -> VerifyResult:
            results = [verify(store, started=self._tell, cancel=run) for store in self._stores()]
            damaged = (
                DamagedBlob(digest=str(bad.digest), size=bad.size, images=bad.images, aside=bad.aside)
                for result in results
                for bad in result.bad
            )
            return VerifyResult(
                blobs=sum(result.blobs for result in results),
                size=sum(result.size for result in results),
                damaged=tuple(damaged),
                records=sum(result.records for result in results),
            )

        return _run(check, cancel)

    def _wait(self, run: Cancel) -> Callable[[float], None]:
        """Sleeps until a prune's turn comes; says what is waited for where that takes long."""
        tells_at: float | None = time.monotonic() + _SILENT_MAX

        def wait(seconds: float) -> None:
            nonlocal tells_at
            run.sleep(seconds)
            if tells_at is not None and time.monotonic() > tells_at:
                self._observer(Stage(text="waiting for a running pull or prune to let go of the cache"))
                tells_at = None

        return wait

    def _tell(self, counters: list[Counter]) -> None:
        self._observer(TransferStarted(progress=Progress(counters)))

    def _stores(self) -> Iterator[Store]:
        """One a folder."""
        store = Store.open(*_folders(self._settings))
        yield store
        for folder in store.behind:
            yield Store(folder, writable=False)

    def _chosen(self, images: Sequence[str]) -> Callable[[str], bool]:
        """Whether a name is meant. Raises NotFound where a word means none that is there."""
        store = Store.open(*_folders(self._settings))
        known = [ref.name for ref in store.refs.own()]
        chosen: set[str] = set()
        for word in images:
            found = [name for name in known if self._means(word, name)]
            if not found:
                raise NotFound(f"the cache has no {word}", hint="`dget cache ls` lists what is there")
            chosen.update(found)
        return chosen.__contains__

    def _means(self, word: str, name: str) -> bool:
        if set("*?[") & set(word):
            short = name.removeprefix("docker.io/").removeprefix("library/")
            return fnmatch.fnmatchcase(name, word) or fnmatch.fnmatchcase(short, word)
        domain = self._settings.registry.removeprefix("http://").removeprefix("https://").rstrip("/")
        return Reference.parse(word, default_domain=domain).cache_name == name


def _folders(settings: Settings) -> tuple[Path, ...]:
    if not settings.cache:
        raise UsageError("--no-cache means that there is none")
    return settings.cache_dirs


def _run(call: Callable[[Cancel], T], cancel: Cancel | None) -> T:
    run = Cancel()
    with (cancel or Cancel()).on_cancel(run.cancel):
        return run_interruptibly(lambda: call(run), run)


def _folder(stock: Stock, *, writable: bool) -> CacheFolder:
    return CacheFolder(
        path=stock.folder,
        writable=writable,
        size=stock.size,
        blobs=len(stock.sizes),
        unfinished=stock.unfinished,
        unreferenced=stock.unreferenced,
        bad=stock.bad,
        images=tuple(_images(stock)),
    )


def _images(stock: Stock) -> Iterator[CacheImage]:
    users: dict[Digest, list[StoredImage]] = {}
    for image in stock.images:
        for digest in image.blobs:
            users.setdefault(digest, []).append(image)
    for image in sorted(stock.images, key=lambda one: one.name):
        sizes = {digest: stock.sizes.get(digest, 0) for digest in image.blobs}
        own = sum(size for digest, size in sizes.items() if len(users[digest]) == 1)
        others = {other.name for digest in image.blobs if digest in stock.sizes for other in users[digest]}
        yield CacheImage(
            name=image.name,
            digest=str(image.root.digest),
            platforms=image.platforms,
            size=sum(sizes.values()),
            own=own,
            shared=sum(sizes.values()) - own,
            shared_with=tuple(sorted(others - {image.name})),
            complete=image.complete,
            came=image.came,
            resolved=image.resolved,
            used=image.used,
        )


def _pruned(store: Store, done: Pruned, *, dry_run: bool) -> PruneResult:
    return PruneResult(
        path=store.folder,
        images=done.images,
        blobs=done.blobs,
        unfinished=done.unfinished,
        freed=done.freed,
        dry_run=dry_run,
    )
