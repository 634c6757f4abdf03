"""A remote image with the cache before it: what is there is not asked for again."""

from dget.errors import NotFound, RegistryError
from dget.flow import Clock
from dget.model import Descriptor, Document, ImageConfig, Index, Manifest, read_config, read_manifest
from dget.registry import RemoteImage
from dget.store import Store


class CachedImage:
    """Documents of `remote`, kept in `store` where there is one."""

    def __init__(self, remote: RemoteImage, store: Store | None, clock: Clock) -> None:
        self.remote = remote
        self.store = store
        self._clock = clock

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """What the reference names now. Raises DgetError."""
        document = self._unchanged() or self.remote.resolve()
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

    def _unchanged(self) -> Document[Manifest] | Document[Index] | None:
        """The document of the last resolution, where it is in the cache and still what the reference names."""
        reference = self.remote.reference
        ref = self.store.refs.get(reference.archive_name) if self.store else None
        if ref is None or (reference.digest and reference.digest != ref.digest):
            return None
        raw = self._cached(ref.descriptor)
        if raw is None:
            return None
        if reference.digest is None and not self._still_names(ref.descriptor):
            return None
        return read_manifest(raw, declared=ref.media_type)

    def _still_names(self, root: Descriptor) -> bool:
        # HEAD is not counted as a pull; a registry that cannot answer it is asked by GET.
        try:
            return self.remote.digest() == root.digest
        except (NotFound, RegistryError):
            return False
