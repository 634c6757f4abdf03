"""What is kept beside an image when it is asked for: attestations of its builder, and what refers to it."""

from collections.abc import Iterator

from dget.engine.cached_image import CachedImage
from dget.errors import NotFound, Unsupported
from dget.flow import Observer, Warned
from dget.model import Companion, Descriptor, Digest, Document, Image, Index, Manifest, Selection
from dget.protocol.referrers import cosign_tags

# A signature of an SBOM of an image.
_DEPTH_MAX = 4
_REFERRERS_MAX = 1_000


def attestations_of(source: CachedImage, image: Image) -> list[Companion]:
    """What the image's index lists as attesting to it. Raises DgetError."""
    subject = image.manifest.descriptor.digest
    entries = {entry.digest: entry for index in image.indexes for entry in index.value.attestations_of(subject)}
    held = [entry for entry in entries.values() if source.remote.holds(entry)]
    return [
        Companion(subject=subject, documents=(document,), attests=entry)
        for entry, document in zip(held, source.documents(held), strict=True)
    ]


class Referrers:
    """Finds what refers to manifests, to what refers to them, and so on; each once."""

    def __init__(self, source: CachedImage, selection: Selection, observer: Observer) -> None:
        self._source = source
        self._types = selection.referrer_types
        self._observer = observer
        self._seen: set[Digest] = set()

    def of(self, subject: Digest) -> list[Companion]:
        """Raises DgetError."""
        return list(self._of(subject, 1))

    def _of(self, subject: Digest, depth: int) -> Iterator[Companion]:
        for entry in self._source.remote.referrers(subject, self._types):
            companion = None if entry.digest in self._seen else self._read(entry, subject)
            if companion is not None:
                yield companion
                yield from self._of(entry.digest, depth + 1) if depth < _DEPTH_MAX else ()
        # They tell no type, so that choosing by type leaves them out.
        for tag in () if self._types else cosign_tags(subject):
            document = self._source.tagged(tag)
            if document is not None and self._is_new(document.descriptor.digest):
                name = f"{self._source.remote.reference.name}:{tag}"
                yield Companion(subject=subject, documents=self._whole(document), name=name)

    def _read(self, entry: Descriptor, subject: Digest) -> Companion | None:
        """None for what cannot be kept: it is told."""
        self._is_new(entry.digest)
        try:
            document = self._source.document(entry)
            told = document.value.subject
        except (NotFound, Unsupported) as error:
            self._observer(Warned(text=f"a referrer is left out: {error.message}"))
            return None
        if told is None or told.digest != subject:
            self._observer(Warned(text=f"a referrer is left out: {entry.digest} does not refer to {subject}"))
            return None
        return Companion(subject=subject, documents=self._whole(document))

    def _whole(
        self, document: Document[Manifest] | Document[Index]
    ) -> tuple[Document[Manifest] | Document[Index], ...]:
        """With the manifests that it lists, where it is an index."""
        listed = document.value.manifests if isinstance(document.value, Index) else ()
        return (document, *(self._source.document(entry) for entry in listed))

    def _is_new(self, digest: Digest) -> bool:
        """Raises Unsupported where there are too many."""
        new = digest not in self._seen
        self._seen.add(digest)
        if len(self._seen) > _REFERRERS_MAX:
            raise Unsupported(
                f"more than {_REFERRERS_MAX:,} things refer to {self._source.remote.reference}",
                hint="choose some by --referrer-type",
            )
        return new
