"""Making room: what `garbage` chose is removed, and what killed processes left."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from dget.codec import FileLock, remove_abandoned, taken
from dget.errors import DiskFull, StorageError
from dget.model import Digest
from dget.store.cache_errors import cache_errors, lock_errors
from dget.store.garbage import Rules, choose_garbage
from dget.store.stock import take_stock
from dget.store.store import Store

# How long an unfinished download waits for its next run, and how old a file must be to be nobody's work.
INGEST_GRACE = 7 * 86_400.0
_STRAY_GRACE = 3_600.0
_HALF_WRITTEN = (
    (".", re.compile(r"\.[0-9a-f]{16}|(?:(?:index|dget|hosts)\.json|oci-layout)\.[0-9a-f]+")),
    ("refs", re.compile(r"[0-9a-f]{64}\.json\.[0-9a-f]+")),
    ("ingest", re.compile(r"sha\d+-[0-9a-f]+\.(?:[0-9a-f]{16}|ledger\.new)")),
)


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What went, or would go. freed: bytes; unfinished: downloads that nobody went on with."""

    images: tuple[str, ...]
    blobs: int
    unfinished: int
    freed: int


def prune(store: Store, rules: Rules, *, now: float, dry_run: bool, wait: Callable[[float], None]) -> Pruned:
    """Removes images by `rules`, and what no image and no running process needs.

    dry_run: nothing is removed; wait: sleeps while processes write down what they need, and raises what stops us.
    Raises StorageError.
    """
    if not store.writable:
        raise StorageError(f"the cache {store.folder} is read-only: nothing can be removed from it")
    with store.holds.pruning(wait) as in_use:
        stock = take_stock(store.folder, store.refs)
        rest = stock.unfinished
        if rules.max_size is not None:
            rules = Rules(named=rules.named, before=rules.before, max_size=max(0, rules.max_size - rest))
        garbage = choose_garbage([image.kept for image in stock.images], stock.sizes, in_use, rules)
        gone = frozenset(garbage.images)
        needed = in_use.union(*(image.blobs for image in stock.images if image.name not in gone)).difference(
            stock.sizes
        )
        ingests = [one for one in _ingests(store.folder) if one.is_left(needed, in_use, rules, now)]
        bad = list((store.folder / "bad").glob("*"))
        pruned = Pruned(
            images=garbage.images,
            blobs=len(garbage.blobs),
            unfinished=len(ingests),
            freed=sum(stock.sizes[digest] for digest in garbage.blobs) + sum(one.size for one in ingests) + stock.bad,
        )
        if dry_run:
            return pruned
        # Names before blobs: a kill in between leaves blobs that the next prune finds, and no name that leads nowhere.
        unreadable = store.refs.remove_unreadable()
        index_waits = bool(garbage.images or unreadable)
        if index_waits:
            store.refs.remove(garbage.images)
            # A full disk has no room for it yet.
            with suppress(DiskFull):
                store.refs.write_index()
                index_waits = False
        with cache_errors(store.folder, "make room in the cache"):
            for digest in garbage.blobs:
                store.blobs.own_path(digest).unlink(missing_ok=True)
            for one in ingests:
                one.remove()
            for path in [*bad, *_strays(store.folder, now)]:
                path.unlink(missing_ok=True)
        if index_waits:
            store.refs.write_index()
        with cache_errors(store.folder, "make room in the cache"):
            _free_locks(store.folder)
        remove_abandoned()
    return pruned


class _Ingest(msgspec.Struct, frozen=True):
    """A download that waits to be gone on with."""

    path: Path
    digest: Digest
    size: int
    touched: float

    def is_left(self, needed: frozenset[Digest], in_use: frozenset[Digest], rules: Rules, now: float) -> bool:
        """Whether nobody brings it, and nobody is going to."""
        before = max(now - INGEST_GRACE, rules.before or 0.0)
        if self.digest in in_use or (self.digest in needed and self.touched >= before):
            return False
        with lock_errors(self.path):
            return not FileLock.is_held(self.path.with_suffix(".lock"))

    def remove(self) -> None:
        for suffix in (".part", ".ledger", ".ledger.new"):
            self.path.with_suffix(suffix).unlink(missing_ok=True)


def _ingests(folder: Path) -> Iterator[_Ingest]:
    for path in (folder / "ingest").glob("*.part"):
        algorithm, _, hexadecimal = path.stem.partition("-")
        try:
            yield _Ingest(path, Digest(algorithm, hexadecimal), taken(path), path.stat().st_mtime)
        # No download's name, or one that ended meanwhile.
        except (ValueError, FileNotFoundError):
            continue


def _strays(folder: Path, now: float) -> Iterator[Path]:
    """What killed processes left half written; only what bears a name that dget gives, for the folder is the person's."""
    for place, name in _HALF_WRITTEN:
        for path in (folder / place).glob("*"):
            if name.fullmatch(path.name) and _age(path, now) > _STRAY_GRACE:
                yield path
    for ledger in (folder / "ingest").glob("*.ledger"):
        if not ledger.with_suffix(".part").exists() and _age(ledger, now) > _STRAY_GRACE:
            yield ledger


def _free_locks(folder: Path) -> None:
    """Removes the locks that nobody holds: of downloads, and of the index."""
    for path in (*(folder / "ingest").glob("*.lock"), folder / "index.lock"):
        FileLock.is_held(path)


def _age(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except OSError:
        return 0.0
