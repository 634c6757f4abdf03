"""A docker-archive or an oci-archive, plain or in stored gzip, written at many places at once.

Each blob's position is known before its first byte, so that blobs arrive in any order, in parallel.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dget.archive.container import ChecksummedRegion, Container, PlainContainer, StoredGzipContainer
from dget.archive.documents import blob_name
from dget.archive.entries import entries
from dget.archive.exporter import Exported
from dget.archive.form import Form, Format, Method
from dget.archive.part_file import PartFile
from dget.archive.tar_layout import Member, lay_out
from dget.codec import Record, Region, combine_crc32, crc32
from dget.errors import DgetError
from dget.flow import Observer, Warned
from dget.model import Contents, Descriptor, Digest


def placed_size(contents: Contents, form: Form) -> int:
    """Bytes of the archive of `contents`. Raises Unsupported where the format cannot hold them."""
    return _Plan(contents, form).container.size


class _Plan:
    """Which members the archive has, and where."""

    def __init__(self, contents: Contents, form: Form) -> None:
        members = entries(form.format, contents)
        self.blobs = contents.blobs
        self.documents = {one.name: one.content for one in members if isinstance(one.content, bytes)}
        self.layout = lay_out((one.name, one.size) for one in members)
        gzip = form.compression.method is Method.GZIP
        self.container: Container = (StoredGzipContainer if gzip else PlainContainer)(self.layout.size)
        self._format: Format = form.format
        self._gzip = gzip

    def own_bytes(self) -> Iterator[tuple[int, bytes]]:
        """Positions and bytes of headers, documents, padding and the end."""
        for member in self.layout.members:
            yield member.header_at, member.header
            if document := self.documents.get(member.name):
                yield member.data_at, document
            yield member.data_at + member.size, member.padding
        yield self.layout.end_at, self.layout.end

    def identity(self) -> str:
        """Equal for equal archives: all that is written beside the blobs names them and their places."""
        digest = hashlib.sha256(f"{self._format} {'gzip' if self._gzip else 'plain'}".encode())
        for at, data in self.own_bytes():
            digest.update(at.to_bytes(16, "big") + data)
        return digest.hexdigest()


class PlacedArchive:
    """A PlacedExporter."""

    def __init__(self, target: Path, form: Form, observer: Observer) -> None:
        self._target = target
        self._form = form
        self._observer = observer
        self._plan: _Plan
        self._part: PartFile | None = None
        self._regions: dict[Digest, ChecksummedRegion] = {}

    def begin(self, contents: Contents) -> None:
        self._plan = _Plan(contents, self._form)
        container = self._plan.container
        self._part = PartFile(self._target, container.size, self._plan.identity())
        if self._part.set_aside:
            self._observer(Warned(text=f"an unfinished file of something else was set aside: {self._part.set_aside}"))
        places = {member.name: member.data_at for member in self._plan.layout.members}
        for blob in self._plan.blobs:
            self._regions[blob.digest] = container.region(self._part.file, places[blob_name(blob.digest)], blob.size)

    def missing(self) -> Sequence[Descriptor]:
        return self._plan.blobs

    def region(self, blob: Descriptor) -> Region:
        return self._regions[blob.digest]

    def finish(self) -> Exported:
        """Writes all that is not a blob, then renames."""
        assert self._part is not None
        container = self._plan.container
        for at, data in self._plan.own_bytes():
            container.region(self._part.file, at, len(data)).write(0, [data])
        container.complete(self._part.file, self._crc32)
        self._part.finish(container.size)
        self._part = None
        return Exported(path=self._target, size=container.size)

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

    def _crc32(self) -> int:
        """Of the whole tar, from its parts'."""
        sealed = {blob_name(digest): region for digest, region in self._regions.items()}
        checksum = 0
        for member in self._plan.layout.members:
            checksum = crc32(member.header, checksum)
            checksum = combine_crc32(checksum, self._member_crc32(member, sealed), member.size)
            checksum = crc32(member.padding, checksum)
        return crc32(self._plan.layout.end, checksum)

    def _member_crc32(self, member: Member, sealed: dict[str, ChecksummedRegion]) -> int:
        if document := self._plan.documents.get(member.name):
            return crc32(document)
        checksum = sealed[member.name].crc32
        if checksum is None:
            raise DgetError(f"{member.name} was not written before the archive was finished")
        return checksum
