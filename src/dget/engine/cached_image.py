"""An image with the cache before it, where there is one: what is there is not asked for again."""

from dget.engine.image_source import ImageSource
from dget.errors import NotFound, RegistryError
from dget.flow import Clock
from dget.model import Descriptor, Digest, Document, ImageConfig, Index, Manifest, read_config, read_manifest
from dget.registry.remote_image import MANIFEST_MAX
from dget.store import Store


class CachedImage:
    """Documents of `remote`, kept in `store` where there is one."""

    def __init__(self, remote: ImageSource, store: Store | None, clock: Clock) -> None:
        self.remote = remote
        self.store = store
        self._clock = clock

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """What the reference names now. Raises DgetError."""
        document = self._known() or self.remote.resolve()
        if self.store:
            self.store.blobs.add(document.descriptor.digest, document.raw)
            self.store.refs.set(self.remote.reference.archive_name, document.descriptor, self._clock.time())
        return document

    def tagged(self, tag: str) -> Document[Manifest] | Document[Index] | None:
        """What another tag of the repository names now; None where there is no such tag."""
        document = self.remote.tagged(tag)
        if document and self.store:
            self.store.blobs.add(document.descriptor.digest, document.raw)
        return document

    def document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index]:
        if raw := self._cached(descriptor):
            return read_manifest(raw, declared=descriptor.media_type)
        document = self.remote.document(descriptor)
        if self.store:
            self.store.blobs.add(document.descriptor.digest, document.raw)
        return document

    def config(self, descriptor: Descriptor) -> Document[ImageConfig]:
        raw = self._cached(descriptor)
        if raw is None:
            raw = self.remote.small_blob(descriptor)
            if self.store:
                self.store.blobs.add(descriptor.digest, raw)
        return read_config(raw, descriptor)

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
