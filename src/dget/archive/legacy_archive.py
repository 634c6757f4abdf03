"""The classic Docker archive of plain layer tars, for appliances and tools that know no other.

As `.tar.gz` the registry's gzip layers stand in it verbatim, members of one gzip file; else they are unpacked.
"""

from collections.abc import Sequence
from typing import BinaryIO

import msgspec

from dget.archive import legacy_documents as documents
from dget.archive.entries import check_docker_holds
from dget.archive.exporter import Exported
from dget.archive.form import Form
from dget.archive.legacy_documents import LayerFolder, layer_folders
from dget.archive.output import Output
from dget.archive.packing import splicing_packer
from dget.archive.tar_layout import END, header, padding
from dget.codec import Compression, Decompressed
from dget.codec.compress import Packer
from dget.codec.spliced_gzip import SplicedGzip
from dget.errors import IntegrityError, Unsupported
from dget.model import Contents, Descriptor, Digest, Image, read_config

_PIECE = 1 << 20


class _Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """What a layer unpacks to. whole_gzip: gzip members and nothing else, which a gzip file may take as they are."""

    size: int
    digest: Digest
    whole_gzip: bool


class LegacyArchive:
    """A SequentialExporter. Every layer is unpacked once to count and to verify it, before its header is written."""

    def __init__(self, output: Output, form: Form) -> None:
        self._output = output
        self._form = form
        self._contents: Contents
        self._packer: Packer | None = None
        self._folders: dict[int, Sequence[LayerFolder]] = {}
        self._unpacked: dict[Digest, Digest] = {}
        self._tar_names: dict[Digest, str] = {}

    def begin(self, contents: Contents) -> None:
        check_docker_holds(contents, self._form.format)
        if any(image.left_out for image in contents.images):
            raise Unsupported(
                f"a {self._form.format} needs every layer, and foreign ones were to be left out",
                hint="take --format docker-archive, or --foreign-layers fetch",
            )
        _check_kinds(contents)
        self._contents = contents
        self._output.begin()
        self._packer = splicing_packer(self._form.compression, self._output)

    def missing(self) -> Sequence[Descriptor]:
        return self._contents.blobs

    def add(self, blob: Descriptor, content: BinaryIO) -> None:
        """Raises IntegrityError where a layer is not what its image's config says, or cannot be unpacked."""
        owners = [
            (place, image)
            for place, image in enumerate(self._contents.images)
            if image.manifest.value.config.digest == blob.digest
        ]
        if owners:
            self._add_config(blob, content.read(), owners)
        else:
            self._add_layer(blob, content)

    def finish(self) -> Exported:
        assert self._packer is not None
        chains = [self._folders[place] for place in range(len(self._contents.images))]
        for folder in {folder.id: folder for chain in chains for folder in chain}.values():
            self._write_folder(folder)
        tops = [chain[-1].id if chain else None for chain in chains]
        self._write("repositories", documents.repositories(self._contents, tops))
        self._write("manifest.json", documents.manifest_json(self._contents, self._tar_names))
        self._packer.write(END)
        self._packer.finish()
        return self._output.finish()

    def abort(self) -> None:
        if self._packer is not None:
            self._packer.abort()
        self._output.abort()

    def _add_config(self, blob: Descriptor, raw: bytes, owners: Sequence[tuple[int, Image]]) -> None:
        config = read_config(raw, blob)
        for place, image in owners:
            layers, diff_ids = len(image.manifest.value.layers), len(config.value.diff_ids)
            if layers != diff_ids:
                raise Unsupported(f"an image is broken: {layers} layers, but its config {blob.digest} names {diff_ids}")
            self._folders[place] = layer_folders(image, config)
            for folder in self._folders[place]:
                if unpacked := self._unpacked.get(folder.layer.digest):
                    _check_diff_id(folder, unpacked)
        self._write(documents.config_name(blob.digest), raw)

    def _add_layer(self, blob: Descriptor, content: BinaryIO) -> None:
        assert self._packer is not None
        owners = [
            folder for folders in self._folders.values() for folder in folders if folder.layer.digest == blob.digest
        ]
        unpacked = _measure(blob, content)
        for folder in owners:
            _check_diff_id(folder, unpacked.digest)
        self._unpacked[blob.digest] = unpacked.digest
        name = owners[0].tar_name
        # Two images' layers may be the same tar, compressed twice.
        written = name in self._tar_names.values()
        self._tar_names[blob.digest] = name
        if written:
            return
        self._packer.write(header(name, unpacked.size))
        content.seek(0)
        if unpacked.whole_gzip and isinstance(self._packer, SplicedGzip):
            self._packer.splice(content)
        else:
            stream = Decompressed(content, f"layer {blob.digest}")
            while piece := stream.read(_PIECE):
                self._packer.write(piece)
        self._packer.write(padding(unpacked.size))

    def _write_folder(self, folder: LayerFolder) -> None:
        assert self._packer is not None
        self._write(f"{folder.id}/VERSION", documents.VERSION)
        self._write(f"{folder.id}/json", folder.json)
        if folder.tar_name not in self._tar_names.values():
            # As docker save does it: a layer that stands elsewhere already.
            self._packer.write(header(folder.tar_name, 0, link=f"../{self._tar_names[folder.layer.digest]}"))

    def _write(self, name: str, data: bytes) -> None:
        assert self._packer is not None
        self._packer.write(header(name, len(data)) + data + padding(len(data)))


def _check_kinds(contents: Contents) -> None:
    """Raises Unsupported where a blob is said to be both a config and a layer."""
    manifests = [image.manifest.value for image in contents.images]
    configs = {manifest.config.digest for manifest in manifests}
    for layer in (layer for manifest in manifests for layer in manifest.layers):
        if layer.digest in configs:
            raise Unsupported(f"{layer.digest} is an image's config and a layer too: no honest image has such a thing")


def _measure(blob: Descriptor, content: BinaryIO) -> _Unpacked:
    stream = Decompressed(content, f"layer {blob.digest}")
    hasher = Digest.of(b"").hasher()
    size = 0
    while piece := stream.read(_PIECE):
        hasher.update(piece)
        size += len(piece)
    whole_gzip = stream.compression is Compression.GZIP and not stream.padded
    return _Unpacked(size=size, digest=Digest("sha256", hasher.hexdigest()), whole_gzip=whole_gzip)


def _check_diff_id(folder: LayerFolder, unpacked: Digest) -> None:
    if unpacked != folder.diff_id:
        raise IntegrityError(
            f"layer {folder.layer.digest} unpacks to {unpacked}, but its image's config says {folder.diff_id}",
            hint="no engine would load it; tell its publisher",
        )
