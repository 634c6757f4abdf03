"""From an image of Docker's old schema 1 to one of schema 2: its layers are fetched and unpacked, since nobody tells
their diff IDs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from dget.archive.readers.file_image import FileImage
from dget.archive.readers.layer import DOCKER_LAYER_TYPES, measure
from dget.archive.readers.members import FolderMembers
from dget.codec import FileRegion, PositionalFile, Record, Region
from dget.engine.converted_image import CONVERTED_FROM
from dget.engine.download import Download
from dget.engine.image_source import ImageSource
from dget.errors import Unsupported
from dget.flow import Cancel, Counter, Observer, Progress, Stage, TransferStarted
from dget.model import Descriptor, Digest, Document, Manifest, read_manifest
from dget.protocol.schema1 import UnpackedLayer, read_schema1, to_schema2


class Remote(ImageSource, Protocol):
    """An ImageSource that can tell the size of a blob which no descriptor tells of."""

    def blob_size(self, digest: Digest) -> int: ...


class Fetch(Protocol):
    """Makes the Download of a source, as this run is set up. cancel: of the download alone."""

    def __call__(self, source: ImageSource, cancel: Cancel) -> Download: ...


class Conversion:
    """folder: for the layers, as long as the image is used."""

    def __init__(self, remote: Remote, fetch: Fetch, folder: Path, cancel: Cancel, observer: Observer) -> None:
        self._remote = remote
        self._fetch = fetch
        self._folder = folder
        self._cancel = cancel
        self._observer = observer

    def of(self, raw: bytes) -> FileImage:
        """raw: the old manifest. Raises DgetError."""
        old = read_schema1(raw)
        self._observer(
            Stage(text=f"{self._remote.reference} is of Docker's old schema 1: its layers are fetched to convert it")
        )
        layers = [
            Descriptor(digest=digest, size=self._remote.blob_size(digest)) for digest in dict.fromkeys(old.layers)
        ]
        self._bring(layers)
        members = FolderMembers(self._folder)
        converted = to_schema2(old, {layer.digest: self._unpacked(members, layer) for layer in layers})
        config = Digest.of(converted.config)
        (self._folder / config.hex).write_bytes(converted.config)
        root = read_manifest(converted.manifest)
        annotated = msgspec.structs.replace(root.descriptor, annotations={CONVERTED_FROM: str(old.digest)})
        return FileImage(
            members=members,
            reference=self._remote.reference,
            names=self._remote.names,
            root=Document(raw=root.raw, descriptor=annotated, kind=Manifest),
            made={root.descriptor.digest: root.raw},
            places={digest: digest.hex for digest in (config, *old.layers)},
            cancel=self._cancel,
        )

    def _bring(self, layers: Sequence[Descriptor]) -> None:
        files = [PositionalFile(self._folder / layer.digest.hex, create=True) for layer in layers]
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
            raise Unsupported(f"{self._remote.reference} has a layer packed with {measured.compression.value}")
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
