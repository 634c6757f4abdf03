"""The archive that every engine loads: a Docker archive and an OCI layout at once, plain or in stored gzip.

Placed: each blob's position is known before its first byte, so that blobs arrive in any order, in parallel.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from dget.archive.documents import OCI_LAYOUT, blob_name, index_json, manifest_json
from dget.archive.exporter import Exported
from dget.archive.part_file import PartFile
from dget.archive.tar_layout import Member, TarLayout, lay_out
from dget.codec import FileRegion, PositionalFile, Record, Region, combine_crc32, crc32, stored_gzip
from dget.errors import DgetError
from dget.flow import Observer, Warned
from dget.model import Contents, Descriptor, Digest

_ArchiveRegion: TypeAlias = FileRegion | stored_gzip.GzipRegion


def is_gzip(target: Path) -> bool:
    """`.tar` is plain; any other name means gzip, the default."""
    return target.suffix.lower() != ".tar"


def archive_size(contents: Contents, *, gzip: bool) -> int:
    """Bytes that the archive of `contents` will have."""
    size = _Plan(contents).layout.size
    return stored_gzip.gzip_size(size) if gzip else size


class _Plan:
    """Which members the archive has, and where."""

    def __init__(self, contents: Contents) -> None:
        self.blobs = contents.blobs
        manifests = {image.manifest.descriptor.digest: image.manifest.raw for image in contents.images}
        # manifest.json and index.json come last, so that a cut file is refused and not half loaded.
        documents = [
            OCI_LAYOUT,
            *((blob_name(digest), raw) for digest, raw in manifests.items()),
            index_json(contents),
            manifest_json(contents),
        ]
        self.documents = dict(documents)
        sizes = [(name, len(raw)) for name, raw in documents]
        blobs = [(blob_name(blob.digest), blob.size) for blob in self.blobs]
        self.layout: TarLayout = lay_out([*sizes[:-2], *blobs, *sizes[-2:]])


class DockerArchive:
    """An Exporter. The suffix of `target` chooses plain tar or gzip."""

    def __init__(self, target: Path, observer: Observer) -> None:
        self._target = target
        self._observer = observer
        self._gzip = is_gzip(target)
        self._plan: _Plan
        self._part: PartFile | None = None
        self._regions: dict[Digest, _ArchiveRegion] = {}

    def begin(self, contents: Contents) -> None:
        self._plan = _Plan(contents)
        self._part = PartFile(self._target, archive_size(contents, gzip=self._gzip), self._identity())
        if self._part.set_aside:
            self._observer(Warned(text=f"an unfinished file of another image was set aside: {self._part.set_aside}"))
        places = {member.name: member.data_at for member in self._plan.layout.members}
        for blob in self._plan.blobs:
            self._regions[blob.digest] = self._region(self._part.file, places[blob_name(blob.digest)], blob.size)

    def missing(self) -> Sequence[Descriptor]:
        return self._plan.blobs

    def region(self, blob: Descriptor) -> Region:
        return self._regions[blob.digest]

    def finish(self) -> Exported:
        """Writes all that is not a blob, then renames."""
        assert self._part is not None
        layout = self._plan.layout
        for at, data in self._own_bytes():
            self._region(self._part.file, at, len(data)).write(0, [data])
        if self._gzip:
            size = stored_gzip.gzip_size(layout.size)
            tail = stored_gzip.trailer(self._crc32(), layout.size)
            self._part.file.write_at(0, [stored_gzip.FILE_HEADER])
            self._part.file.write_at(size - len(tail), [tail])
        else:
            size = layout.size
        self._part.finish(size)
        self._part = None
        return Exported(path=self._target, size=size)

    def kept(self, blob: Descriptor) -> Sequence[Record]:
        return self._part.kept.get(str(blob.digest), ()) if self._part else ()

    def keep(self, blobs: Mapping[Digest, Sequence[Record]], *, sync: bool) -> None:
        if self._part:
            self._part.keep({str(digest): records for digest, records in blobs.items()}, sync=sync)

    def leave(self) -> None:
        if self._part:
            self._part.leave()
            self._part = None

    def abort(self) -> None:
        if self._part:
            self._part.abort()
            self._part = None

    def _identity(self) -> str:
        """Equal for equal archives: all that is written beside the blobs names them and their places."""
        digest = hashlib.sha256(b"gzip" if self._gzip else b"plain")
        for at, data in self._own_bytes():
            digest.update(at.to_bytes(8, "big") + data)
        return digest.hexdigest()

    def _region(self, file: PositionalFile, offset: int, size: int) -> _ArchiveRegion:
        if self._gzip:
            return stored_gzip.GzipRegion(file, offset, size, self._plan.layout.size)
        return FileRegion(file, offset, size)

    def _own_bytes(self) -> Iterator[tuple[int, bytes]]:
        """Positions and bytes of headers, documents, padding and the end."""
        layout = self._plan.layout
        for member in layout.members:
            yield member.header_at, member.header
            if document := self._plan.documents.get(member.name):
                yield member.data_at, document
            yield member.data_at + member.size, member.padding
        yield layout.end_at, layout.end

    def _crc32(self) -> int:
        """Of the whole tar, from its parts'."""
        sealed = {blob_name(digest): region for digest, region in self._regions.items()}
        checksum = 0
        for member in self._plan.layout.members:
            checksum = crc32(member.header, checksum)
            checksum = combine_crc32(checksum, self._member_crc32(member, sealed), member.size)
            checksum = crc32(member.padding, checksum)
        return crc32(self._plan.layout.end, checksum)

    def _member_crc32(self, member: Member, sealed: dict[str, _ArchiveRegion]) -> int:
        if document := self._plan.documents.get(member.name):
            return crc32(document)
        checksum = sealed[member.name].crc32
        if checksum is None:
            raise DgetError(f"{member.name} was not written before the archive was finished")
        return checksum
