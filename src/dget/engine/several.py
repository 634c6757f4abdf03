"""One image or several as one work: what it holds together, and who has each blob."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from dget.archive.readers.alone import Alone
from dget.engine.cached_image import CachedImage
from dget.engine.plan import PullPlan, check_config
from dget.engine.sources import Sources
from dget.errors import UsageError
from dget.flow import Observer, PieceSink
from dget.model import Contents, Descriptor, Digest, Document, Image, ImageConfig
from dget.protocol.connection_limit import FIRST, ConnectionLimit
from dget.store import BlobStore


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An image's plan, and the source that it was made from."""

    source: CachedImage
    plan: PullPlan

    def needs(self, digest: str | None) -> bool:
        """Whether this blob is one of its."""
        return any(str(blob.digest) == digest for blob in self.plan.contents.blobs)


class Several:
    """Parts of one archive. A blob that several of them have is taken from the first.

    Raises UsageError where one name would stand for two images.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.contents = contents_of([part.plan for part in parts])
        self._parts = parts
        self._sources = [Sources(part.source.remote.hosts) for part in parts]
        self._at_hand = {digest: raw for part in parts for digest, raw in part.plan.at_hand.items()}
        self._readers = ConnectionLimit(FIRST)
        self._place: dict[Digest, int] = {}
        for place, part in enumerate(parts):
            for blob in part.plan.contents.blobs:
                self._place.setdefault(blob.digest, place)

    @property
    def store(self) -> BlobStore | None:
        """The cache that all go through; None where none does."""
        return next((part.source.store.blobs for part in self._parts if part.source.store), None)

    def has(self, blob: Descriptor) -> bool:
        """Whether the cache holds it."""
        return self.store is not None and self.store.has(blob)

    def sources(self, blob: Descriptor) -> Sources:
        raw = self._at_hand.get(blob.digest)
        if raw is not None and len(raw) == blob.size:
            # If it turns out damaged, that happened on its way to the disk: it is worth another try.
            return Sources(Alone(_AtHand(raw), steady=False, connections=self._readers))
        return self._sources[self._place[blob.digest]]

    def scout(self, blobs: Sequence[Descriptor]) -> None:
        """Finds out which hosts may be asked for these. Raises DgetError."""
        for place in sorted({self._place[blob.digest] for blob in blobs}):
            part = self._parts[place]
            part.source.remote.scout(part.plan.image.manifest.descriptor)

    def is_config(self, blob: Descriptor) -> bool:
        """Whether it is the config of something that runs."""
        return any(
            image.runs and blob.digest == image.manifest.value.config.digest
            for part in self._parts
            for image in part.plan.images
        )

    def check_config(self, config: Document[ImageConfig], observer: Observer) -> None:
        """Raises Unsupported where it does not fit the images that it belongs to."""
        for part in self._parts:
            check_config(part.plan, config, observer)


class _AtHand:
    """A BlobSource of one blob, whose bytes are in memory."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def read_blob(self, blob: Descriptor, sink: PieceSink, *, start: int = 0, stop: int | None = None) -> None:  # noqa: ARG002 - a BlobSource's shape
        sink.write(memoryview(self._raw)[start:stop])


def contents_of(plans: Sequence[PullPlan]) -> Contents:
    """What an archive of all holds; one image under two references is there once, with the names of both."""
    if len(plans) == 1:
        return plans[0].contents
    images: dict[tuple[object, ...], Image] = {}
    named: dict[str, tuple[Descriptor, PullPlan]] = {}
    for plan in plans:
        for name in dict.fromkeys(name for image in plan.images for name in image.names):
            root, other = named.setdefault(name, (plan.root, plan))
            if root.digest != plan.root.digest:
                raise UsageError(
                    f"{other.reference} and {plan.reference} are two images of one name, {name}",
                    hint="engines keep one image a name: put them into files of their own, or rename one with --name",
                )
        for image in plan.images:
            key = (
                image.manifest.descriptor.digest,
                image.platform,
                *(index.descriptor.digest for index in image.indexes),
            )
            known = images.get(key)
            names = tuple(dict.fromkeys((*known.names, *image.names))) if known else image.names
            images[key] = replace(known or image, names=names)
    companions = {one.root.descriptor.digest: one for plan in plans for one in plan.companions}
    return Contents(images=tuple(images.values()), companions=tuple(companions.values()))
