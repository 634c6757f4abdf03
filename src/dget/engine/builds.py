"""Which builds an image has, and which of them are wanted."""

from collections.abc import Iterator, Sequence, Sized
from functools import partial
from typing import TypeAlias

import msgspec

from dget.engine.cached_image import CachedImage
from dget.errors import NoSuchPlatform, Unsupported
from dget.flow import Observer, Warned
from dget.model import Descriptor, Digest, Document, Index, Manifest, Platform, PlatformWish, suiting
from dget.model.artifact_kind import is_image
from dget.model.media_type import INDEXES

_NESTED_MAX = 4
# The largest indexes that are known list some hundred.
_BUILDS_MAX = 5_000
# From the one that the reference names down to the one that lists the image.
Indexes: TypeAlias = tuple[Document[Index], ...]


class Build(msgspec.Struct, frozen=True):
    """entry: its manifest's; platform: None for what has none, as artifacts."""

    entry: Descriptor
    platform: Platform | None
    indexes: Indexes


def list_builds(source: CachedImage, root: Document[Index]) -> list[Build]:
    """What an index lists, attestations aside; an index within an index counts as what it lists. Raises Unsupported."""
    builds: list[Build] = []
    seen: set[Digest] = set()
    for build in _builds(source, (root,), seen):
        builds.append(build)
        _check_count(source, builds)
    return builds


def _check_count(source: CachedImage, found: Sized) -> None:
    if len(found) > _BUILDS_MAX:
        raise Unsupported(f"{source.remote.reference} has more than {_BUILDS_MAX:,} images in its index")


def choose_builds(
    source: CachedImage, builds: Sequence[Build], wish: PlatformWish, observer: Observer
) -> Sequence[Build]:
    """One for each wanted platform, or all where no platforms are told, as with artifacts. Raises NoSuchPlatform."""
    known = [(build, build.platform) for build in builds if build.platform is not None]
    if builds and not known:
        return builds
    platforms = [platform for _, platform in known]
    chosen: dict[str, Build] = {}
    for term in wish.terms:
        places = suiting(platforms, term)
        if not places:
            raise NoSuchPlatform(str(source.remote.reference), term, platforms)
        for place in places:
            # Of two entries for one platform engines take the first.
            chosen.setdefault(str(platforms[place]), known[place][0])
        best = platforms[places[0]]
        if isinstance(term, Platform) and best.architecture != term.architecture:
            observer(
                Warned(text=f"no build for {term}: taking {best}, which it can run too (podman would not choose it)")
            )
    return list(chosen.values())


def platform_of_single(
    source: CachedImage, manifest: Document[Manifest], wish: PlatformWish, observer: Observer
) -> Platform | None:
    """The platform that the only image's config tells. Raises NoSuchPlatform where the person named another."""
    platform = source.config(manifest.value.config).value.platform.normalised()
    if not platform.os:
        return next((term for term in wish.terms if isinstance(term, Platform)), None)
    for term in wish.terms:
        if suiting([platform], term):
            continue
        if wish.named:
            raise NoSuchPlatform(str(source.remote.reference), term, [platform])
        observer(Warned(text=f"this image has one build, for {platform}; this machine is {term}"))
    return platform


def only_manifest(document: Document[Manifest] | Document[Index]) -> Document[Manifest]:
    """Raises Unsupported."""
    if isinstance(document.value, Manifest):
        return document
    raise Unsupported("an index stands where an image's manifest belongs")


def only_index(document: Document[Manifest] | Document[Index]) -> Document[Index]:
    """Raises Unsupported."""
    if isinstance(document.value, Index):
        return document
    raise Unsupported("a manifest stands where an index belongs")


def _builds(source: CachedImage, indexes: Indexes, seen: set[Digest]) -> Iterator[Build]:
    """seen: the indexes that were looked through; a second time they would give the same."""
    if len(indexes) > _NESTED_MAX + 1:
        raise Unsupported(f"{source.remote.reference} has indexes nested deeper than {_NESTED_MAX} levels")
    entries = [one for one in indexes[-1].value.images if source.remote.holds(one) and not _is_again(one, seen)]
    _check_count(source, entries)
    _check_count(source, seen)
    unsaid = [entry for entry in entries if entry.media_type not in INDEXES and not _told(entry)]
    looked_up = iter(source.side_by_side(partial(_told_by_config, source), unsaid))
    for entry in entries:
        if entry.media_type in INDEXES:
            # One after the other: each may be as large as a manifest may be.
            yield from _builds(source, (*indexes, only_index(source.document(entry))), seen)
        else:
            yield Build(entry, _told(entry) or next(looked_up), indexes)


def _told(entry: Descriptor) -> Platform | None:
    """What the index itself tells."""
    if entry.platform is None or not entry.platform.os:
        return None
    return entry.platform.normalised()


def _is_again(entry: Descriptor, seen: set[Digest]) -> bool:
    """Whether it is an index that was met before, of which it makes a note."""
    if entry.media_type not in INDEXES:
        return False
    again = entry.digest in seen
    seen.add(entry.digest)
    return again


def _told_by_config(source: CachedImage, entry: Descriptor) -> Platform | None:
    if entry.artifact_type is not None:
        return None
    manifest = only_manifest(source.document(entry)).value
    if not is_image(manifest):
        return None
    return source.config(manifest.config).value.platform.normalised()
