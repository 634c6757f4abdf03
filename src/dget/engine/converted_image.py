"""An image that is converted where its registry has it in Docker's old schema 1."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dget.engine.image_source import ImageSource
from dget.engine.sources import BlobHosts
from dget.flow import Cancel, Observer
from dget.model import Descriptor, Digest, Document, Index, Manifest, Reference
from dget.model.document import OldManifest
from dget.protocol.quota import Quota

if TYPE_CHECKING:
    from dget.engine.conversion import Fetch, Remote

# On the root's descriptor: what the registry calls the manifest that it was made from.
CONVERTED_FROM = "converted-from"


class ConvertedImage:
    """An ImageSource that is `remote`, until that turns out to be of schema 1.

    scratch: gives a folder for the layers, which lasts as long as this is used.
    """

    def __init__(
        self, remote: "Remote", fetch: "Fetch", scratch: Callable[[], Path], *, cancel: Cancel, observer: Observer
    ) -> None:
        self._remote = remote
        self._now: ImageSource = remote
        self._fetch = fetch
        self._scratch = scratch
        self._cancel = cancel
        self._observer = observer

    @property
    def reference(self) -> Reference:
        return self._remote.reference

    @property
    def names(self) -> tuple[str, ...]:
        return self._remote.names

    @property
    def quota(self) -> Quota | None:
        return self._remote.quota

    @property
    def hosts(self) -> BlobHosts:
        return self._now.hosts

    def expect(self, blobs: Sequence[Descriptor]) -> None:
        self._now.expect(blobs)

    def scout(self, known: Descriptor) -> None:
        self._now.scout(known)

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """Of an old image the new manifest. Raises DgetError."""
        try:
            return self._now.resolve()
        except OldManifest as old:
            from dget.engine.conversion import Conversion

            conversion = Conversion(self._remote, self._fetch, self._scratch(), self._cancel, self._observer)
            self._now = conversion.of(old.raw)
            return self._now.resolve()

    def digest(self) -> Digest | None:
        return self._remote.digest()

    def holds(self, descriptor: Descriptor) -> bool:
        return self._now.holds(descriptor)

    def document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index]:
        return self._now.document(descriptor)

    def tagged(self, tag: str) -> Document[Manifest] | Document[Index] | None:
        return self._remote.tagged(tag)

    def referrers(self, digest: Digest, types: Sequence[str]) -> Sequence[Descriptor]:
        return self._remote.referrers(digest, types)

    def small_blob(self, blob: Descriptor) -> bytes:
        return self._now.small_blob(blob)
