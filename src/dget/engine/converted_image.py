"""An image of Docker's old schema 1, converted: its layers are fetched and unpacked, since nobody tells their diff IDs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from dget.archive.readers.file_image import FileImage
from dget.archive.readers.layer import DOCKER_LAYER_TYPES, measure
from dget.archive.readers.members import FolderMembers
from dget.codec import FileRegion, PositionalFile, Record, Region
from dget.engine.download import Download
from dget.engine.image_source import ImageSource
from dget.engine.sources import BlobHosts
from dget.errors import Unsupported
from dget.flow import Cancel, Counter, Observer, Progress, Stage, TransferStarted
from dget.model import Descriptor, Digest, Document, Index, Manifest, Reference, read_manifest
from dget.model.document import OldManifest
from dget.protocol.quota import Quota
from dget.protocol.schema1 import Schema1, UnpackedLayer, read_schema1, to_schema2

# On the root's descriptor: what the registry calls the manifest that it was made from.
CONVERTED_FROM = "converted-from"


class Remote(ImageSource, Protocol):
    """An ImageSource that can tell the size of a blob which no descriptor tells of."""

    def blob_size(self, digest: Digest) -> int: ...


class Fetch(Protocol):
    """Makes the Download of a source, as this run is set up. cancel: of the download alone."""

    def __call__(self, source: ImageSource, cancel: Cancel) -> Download: ...


class ConvertedImage:
    """An ImageSource that is `remote`, until that turns out to be of schema 1.

    scratch: gives a folder for the layers, which lasts as long as this is used.
    """

    def __init__(
        self, remote: Remote, fetch: Fetch, scratch: Callable[[], Path], *, cancel: Cancel, observer: Observer
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

    def scout(self, known: Descriptor) -> None:
        self._now.scout(known)

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """Of an old image the new manifest. Raises DgetError."""
        try:
            return self._now.resolve()
        except OldManifest as old:
            self._now = self._converted(read_schema1(old.raw))
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

    def _converted(self, old: Schema1) -> FileImage:
        self._observer(
            Stage(text=f"{self.reference} is of Docker's old schema 1: its layers are fetched to convert it")
        )
        folder = self._scratch()
        layers = [
            Descriptor(digest=digest, size=self._remote.blob_size(digest)) for digest in dict.fromkeys(old.layers)
        ]
        self._bring(layers, folder)
        members = FolderMembers(folder)
        converted = to_schema2(old, {layer.digest: self._unpacked(members, layer) for layer in layers})
        config = Digest.of(converted.config)
        (folder / config.hex).write_bytes(converted.config)
        root = read_manifest(converted.manifest)
        annotated = msgspec.structs.replace(root.descriptor, annotations={CONVERTED_FROM: str(old.digest)})
        return FileImage(
            members=members,
            reference=self.reference,
            names=self.names,
            root=Document(raw=root.raw, descriptor=annotated, kind=Manifest),
            made={root.descriptor.digest: root.raw},
            places={digest: digest.hex for digest in (config, *old.layers)},
            cancel=self._cancel,
        )

    def _bring(self, layers: Sequence[Descriptor], folder: Path) -> None:
        files = [PositionalFile(folder / layer.digest.hex, create=True) for layer in layers]
        try:
            wanted: list[tuple[Descriptor, Region, Counter]] = [
                (layer, FileRegion(file, 0, layer.size), Counter(layer.digest.short, layer.size))
                for layer, file in zip(layers, files, strict=True)
            ]
            self._observer(TransferStarted(progress=Progress([counter for _, _, counter in wanted])))
            own = Cancel()
            with self._cancel.on_cancel(own.cancel):
                self._fetch(self._remote, own).run(wanted, _Forgetful())
        finally:
            for file in files:
                file.close()

    def _unpacked(self, members: FolderMembers, layer: Descriptor) -> UnpackedLayer:
        measured = measure(members, layer.digest.hex, self._cancel)
        if measured.compression not in DOCKER_LAYER_TYPES:
            raise Unsupported(f"{self.reference} has a layer packed with {measured.compression.value}")
        return UnpackedLayer(
            digest=layer.digest,
            size=layer.size,
            diff_id=measured.diff_id,
            media_type=DOCKER_LAYER_TYPES[measured.compression],
        )


class _Forgetful:
    """A Journal of files that no later run sees; what goes through the cache is remembered there."""

    def kept(self, blob: Descriptor) -> Sequence[Record]:  # noqa: ARG002 - a Journal's shape
        return ()

    def keep(self, blobs: Mapping[Digest, Sequence[Record]], *, sync: bool) -> None:
        """Nothing."""
