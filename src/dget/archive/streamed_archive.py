"""A docker-archive or an oci-archive, written from its first byte to its last: into a pipe, or compressed."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from dget.archive.entries import Entry, entries
from dget.archive.exporter import Exported
from dget.archive.form import Form
from dget.archive.output import Output
from dget.archive.packing import packer_of_known_size
from dget.archive.tar_layout import Member, lay_out
from dget.codec.compress import Packer
from dget.errors import DgetError
from dget.model import Contents, Descriptor

_PIECE = 1 << 20


class StreamedArchive:
    """A SequentialExporter. It unpacks to the bytes of the placed archive of the same contents."""

    def __init__(self, output: Output, form: Form) -> None:
        self._output = output
        self._form = form
        self._blobs: Sequence[Descriptor] = ()
        self._rest: Iterator[tuple[Entry, Member]] = iter(())
        self._awaited: tuple[Entry, Member] | None = None
        self._packer: Packer | None = None
        self._end = b""

    def begin(self, contents: Contents) -> None:
        members = entries(self._form.format, contents)
        layout = lay_out((one.name, one.size) for one in members)
        self._blobs = contents.blobs
        self._rest = zip(members, layout.members, strict=True)
        self._end = layout.end
        self._output.begin()
        self._packer = packer_of_known_size(self._form.compression, self._output, layout.size)
        self._write_documents()

    def missing(self) -> Sequence[Descriptor]:
        return self._blobs

    def add(self, blob: Descriptor, content: BinaryIO) -> None:
        assert self._packer is not None
        if self._awaited is None or self._awaited[0].content != blob:
            raise DgetError(f"blob {blob.digest} came out of turn")
        member = self._awaited[1]
        self._packer.write(member.header)
        while piece := content.read(_PIECE):
            self._packer.write(piece)
        self._packer.write(member.padding)
        self._write_documents()

    def finish(self) -> Exported:
        assert self._packer is not None
        if self._awaited is not None:
            raise DgetError(f"{self._awaited[0].name} was not written before the archive was finished")
        self._packer.write(self._end)
        self._packer.finish()
        return self._output.finish()

    def abort(self) -> None:
        if self._packer is not None:
            self._packer.abort()
        self._output.abort()

    def _write_documents(self) -> None:
        """Up to the next blob."""
        assert self._packer is not None
        for entry, member in self._rest:
            if isinstance(entry.content, Descriptor):
                self._awaited = (entry, member)
                return
            self._packer.write(member.header + entry.content + member.padding)
        self._awaited = None
