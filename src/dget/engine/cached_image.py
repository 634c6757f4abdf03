"""An image with the cache before it, where there is one: what is there is not asked for again."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from dget.engine.fetching import Fetching
from dget.engine.image_source import ImageSource
from dget.engine.last_resolution import ago, last_resolution
from dget.engine.shared_document import read_or_fetch
from dget.errors import NotFound, RegistryError
from dget.flow import Cancel, Clock, Observer, Stage, side_by_side
from dget.model import Descriptor, Digest, Document, ImageConfig, Index, Manifest, read_config, read_manifest
from dget.protocol.connection_limit import USUAL
from dget.registry.remote_image import DOCUMENT_MAX, MANIFEST_MAX
from dget.store import Store

T = TypeVar("T")


class CachedImage:
    """Documents of `remote`, kept in `store` where there is one."""

    def __init__(
        self,
        remote: ImageSource,
        store: Store | None,
        clock: Clock,
        *,
        offline: bool,
        fetching: Fetching,
        cancel: Cancel,
        observer: Observer,
    ) -> None:
        """offline: the cache is all there is."""
        self.remote = remote
        self.store = store
        self._clock = clock
        self._offline = offline
        self._fetching = fetching
        self._at_once = fetching.connections or USUAL
        self._cancel = cancel
        self._observer = observer
        # Configs that no cache holds, no more of them than one may be large: an index may list thousands.
        self._read: dict[Digest, bytes] = {}
        self._room = DOCUMENT_MAX

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """What the reference names now, or did when it was last looked up by a run that might. Raises DgetError."""
        if self.store and self._offline:
            return self._recalled(self.store)
        document = self._known() or self.remote.resolve()
        if self.store:
            self.store.blobs.need([document.descriptor.digest])
            if not self.has(document.descriptor):
                self.store.blobs.add(document.descriptor.digest, document.raw)
            self.store.refs.set(self.remote.reference.cache_name, document.descriptor, self._clock.time())
        return document

    def tagged(self, tag: str) -> Document[Manifest] | Document[Index] | None:
        """What another tag of the repository names now; None where there is no such tag."""
        document = self.remote.tagged(tag)
        if document and self.store:
            self.store.blobs.add(document.descriptor.digest, document.raw)
        return document

    def document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index]:
        raw = self._read_or_fetch(descriptor, lambda: self.remote.document(descriptor).raw)
        return read_manifest(raw, declared=descriptor.media_type)

    def config(self, descriptor: Descriptor) -> Document[ImageConfig]:
        raw = self._read_or_fetch(descriptor, lambda: self.remote.small_blob(descriptor))
        if not self.has(descriptor) and len(raw) <= self._room:
            self._room -= len(raw)
            self._read[descriptor.digest] = raw
        return read_config(raw, descriptor)

    def take_read(self, configs: Sequence[Descriptor]) -> dict[Digest, bytes]:
        """Those of these configs that were read and that no cache holds; what else was read is let go."""
        read, self._read, self._room = self._read, {}, DOCUMENT_MAX
        return {config.digest: read[config.digest] for config in configs if config.digest in read}

    def _read_or_fetch(self, descriptor: Descriptor, fetch: Callable[[], bytes]) -> bytes:
        if self.store is None:
            return fetch()
        if not self._offline:
            return read_or_fetch(
                self.store.blobs, descriptor, fetch, patience=self._fetching.patience, cancel=self._cancel
            )
        raw = self.store.blobs.read(descriptor)
        if raw is None:
            raise self._not_here(f"{descriptor.digest} of {self.remote.reference}")
        return raw

    def documents(self, descriptors: Sequence[Descriptor]) -> Sequence[Document[Manifest] | Document[Index]]:
        return self.side_by_side(self.document, descriptors)

    def side_by_side(self, ask: Callable[[Descriptor], T], descriptors: Sequence[Descriptor]) -> list[T]:
        """The answers, in order; asked for several at a time."""
        works = [partial(ask, descriptor) for descriptor in descriptors]
        return side_by_side(works, at_once=self._at_once, cancel=self._cancel)

    def expect(self, blobs: Sequence[Descriptor]) -> None:
        """Says which are wanted next, when one has been asked for."""
        if not self._offline:
            self.remote.expect([blob for blob in blobs if not self.has(blob)][: self._at_once - 1])

    def check_here(self, blobs: Sequence[Descriptor]) -> None:
        """Raises NotFound where these cannot be fetched and are not all in the cache."""
        missing = [blob for blob in blobs if not self.has(blob)]
        if self._offline and missing:
            what = f"{len(missing)} of {len(blobs)} blobs of {self.remote.reference}"
            raise self._not_here(f"{what} ({sum(blob.size for blob in missing):,} bytes)")

    def _not_here(self, what: str) -> NotFound:
        return NotFound(
            f"the cache does not have {what}, and --offline forbids to fetch it",
            hint="pull it once without --offline; `dget cache ls` lists what is there",
        )

    def _recalled(self, store: Store) -> Document[Manifest] | Document[Index]:
        document, resolved = last_resolution(store, self.remote.reference)
        store.blobs.need([document.descriptor.digest])
        if resolved is not None:
            text = f"offline: {self.remote.reference} is taken as it was {ago(self._clock.time() - resolved)}"
            self._observer(Stage(text=f"{text}, {document.descriptor.digest}"))
        return document

    def has(self, blob: Descriptor) -> bool:
        """Whether the cache holds it."""
        return self.store is not None and self.store.blobs.has(blob)

    def _cached(self, descriptor: Descriptor) -> bytes | None:
        return self.store.blobs.read(descriptor) if self.store else None

    def _known(self) -> Document[Manifest] | Document[Index] | None:
        """The document that the reference names, where the cache has it: registries count who asks for one."""
        if self.store is None:
            return None
        reference = self.remote.reference
        refs = [ref for ref in self.store.refs.all() if ref.name.startswith(f"{reference.name}:")]
        # A repository that was never pulled from is asked at once: HEAD would be a step more, and for nothing.
        digest = reference.digest or self._named_now() if refs else None
        size = self.store.blobs.size(digest) if digest else None
        if digest is None or size is None or size > MANIFEST_MAX:
            return None
        raw = self._cached(Descriptor(digest=digest, size=size))
        declared = next((ref.media_type for ref in refs if ref.digest == digest), "")
        return read_manifest(raw, declared=declared) if raw else None

    def _named_now(self) -> Digest | None:
        # HEAD is not counted as a pull; a registry that cannot answer it is asked by GET.
        try:
            return self.remote.digest()
        except (NotFound, RegistryError):
            return None
