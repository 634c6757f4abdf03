"""Reading every blob again: those that do not match their digest are set aside."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from dget.codec import PositionalFile
from dget.errors import StorageError
from dget.flow import Cancel, Counter
from dget.model import Digest
from dget.store.cache_errors import cache_errors
from dget.store.stock import take_stock
from dget.store.store import Store

_PIECE = 1 << 20


class BadBlob(msgspec.Struct, frozen=True, kw_only=True):
    """images: the names that need it; aside: where it lies now, None where the cache is read-only."""

    digest: Digest
    size: int
    images: tuple[str, ...]
    aside: Path | None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """blobs, size: what was read; records: names whose record could not be read, and is gone."""

    blobs: int
    size: int
    bad: tuple[BadBlob, ...]
    records: int


def verify(store: Store, *, started: Callable[[list[Counter]], None], cancel: Cancel) -> Verified:
    """started: is told the counters that move from then on. Raises StorageError, Cancelled."""
    stock = take_stock(store.folder, store.refs)
    work = [(digest, Counter(digest.short, size)) for digest, size in sorted(stock.sizes.items(), key=_largest_first)]
    started([counter for _, counter in work])

    def check(one: tuple[Digest, Counter]) -> tuple[Digest, Path | None] | None:
        digest, counter = one
        return _check(store, digest, counter, cancel)

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8), thread_name_prefix="dget-verify") as pool:
        found = [bad for bad in pool.map(check, work) if bad]
    users: dict[Digest, Sequence[str]] = {
        digest: [image.name for image in stock.images if digest in image.blobs] for digest, _ in found
    }
    bad = (
        BadBlob(digest=digest, size=stock.sizes[digest], images=tuple(users[digest]), aside=aside)
        for digest, aside in found
    )
    records = store.refs.remove_unreadable() if store.writable else 0
    return Verified(blobs=len(work), size=sum(stock.sizes.values()), bad=tuple(bad), records=records)


def _largest_first(item: tuple[Digest, int]) -> tuple[int, str]:
    return -item[1], item[0].hex


def _check(store: Store, digest: Digest, counter: Counter, cancel: Cancel) -> tuple[Digest, Path | None] | None:
    """None where the blob is right, or has gone meanwhile; else where it lies now."""
    path = store.blobs.own_path(digest)
    try:
        before = path.stat()
        matches = _matches(path, digest, counter, cancel)
        same = os.path.samestat(before, path.stat())
    except FileNotFoundError:
        return None
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        # A disk that cannot read it any more.
        matches, same = False, True
    # A process that used it may have brought it anew.
    if matches or not same:
        return None
    return digest, _set_aside(store, digest, path) if store.writable else None


def _matches(path: Path, digest: Digest, counter: Counter, cancel: Cancel) -> bool:
    hasher, buffer = digest.hasher(), memoryview(bytearray(_PIECE))
    file = PositionalFile(path)
    try:
        at = 0
        while count := file.read_into(at, [buffer]):
            cancel.check()
            hasher.update(buffer[:count])
            counter.reused += count
            at += count
    finally:
        file.close()
    return hasher.hexdigest() == digest.hex


def _set_aside(store: Store, digest: Digest, path: Path) -> Path:
    target = store.folder / "bad" / f"{digest.algorithm}-{digest.hex}"
    with cache_errors(path, "set aside"):
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
    return target
