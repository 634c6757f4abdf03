"""What the cache has and had, as text."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from dget.api.cache import CacheFolder, CacheImage, CachePaths, CacheUsage, PruneResult, VerifyResult
from dget.cli.units import size


class ImageTable(msgspec.Struct, frozen=True):
    """A usage of which the images alone are asked for."""

    usage: CacheUsage


CacheResult: TypeAlias = ImageTable | CacheUsage | CachePaths | PruneResult | VerifyResult


def lines(result: CacheResult) -> list[str]:
    match result:
        case ImageTable():
            return [line for folder in result.usage.folders for line in _table(folder.images, result.usage.now)]
        case CacheUsage():
            return [line for folder in result.folders for line in _folder(folder, result.now)]
        case CachePaths():
            return [str(path) for path in result.paths]
        case PruneResult():
            return list(_pruned(result))
        case VerifyResult():
            return list(_verified(result))


def plain(result: CacheResult) -> Any:
    if isinstance(result, ImageTable):
        return {"images": [image for folder in result.usage.folders for image in folder.images]}
    return result


def _folder(folder: CacheFolder, now: float) -> Iterator[str]:
    yield f"cache       {folder.path}{'' if folder.writable else '  (read-only)'}"
    yield f"size        {size(folder.size)}, {folder.blobs} blobs"
    yield f"images      {len(folder.images)}"
    for label, amount, remark in (
        ("unneeded", folder.unreferenced, "dget cache prune removes it"),
        ("unfinished", folder.unfinished, "the next pull of the image goes on with it"),
        ("damaged", folder.bad, "set aside by dget cache verify; dget cache prune removes it"),
    ):
        if amount:
            yield f"{label:<12}{size(amount)}: {remark}"
    yield from _table(folder.images, now)


def _table(images: Sequence[CacheImage], now: float) -> Iterator[str]:
    if not images:
        return
    width = max(len(image.name) for image in images)
    yield f"{'IMAGE':<{width}}  {'SIZE':>8}  {'SHARED':>8}  {'AGE':>6}  {'USED':>6}  PLATFORMS"
    for image in images:
        remark = "" if image.complete else "  (not all of it is here)"
        yield (
            f"{image.name:<{width}}  {size(image.size):>8}  {size(image.shared):>8}  {age(now - image.came):>6}"
            f"  {age(now - image.used):>6}  {', '.join(image.platforms)}{remark}"
        )


def _pruned(done: PruneResult) -> Iterator[str]:
    verb = "would remove" if done.dry_run else "removed"
    if not (done.images or done.blobs or done.unfinished or done.freed):
        yield "there is nothing to remove"
        return
    for name in done.images:
        yield f"{verb} {name}"
    unfinished = f", {done.unfinished} unfinished downloads" if done.unfinished else ""
    yield f"{verb} {done.blobs} blobs{unfinished}: {size(done.freed)}"


def _verified(done: VerifyResult) -> Iterator[str]:
    for blob in done.damaged:
        needed = f"needed by {', '.join(blob.images)}" if blob.images else "no image needs it"
        where = f"set aside as {blob.aside}" if blob.aside else "left there, for the cache is read-only"
        yield f"damaged: {blob.digest}  {size(blob.size)}, {needed}; {where}"
    if done.records:
        yield f"{done.records} records of names could not be read, and were removed"
    state = f"{len(done.damaged)} damaged" if done.damaged else "all right"
    yield f"{done.blobs} blobs, {size(done.size)}: {state}"


def age(seconds: float) -> str:
    """In one unit, short: `3 d`."""
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"
