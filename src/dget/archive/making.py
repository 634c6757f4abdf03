"""Which exporter makes an archive of a given form."""

from pathlib import Path
from typing import BinaryIO

from dget.archive.entries import oci_entries
from dget.archive.exporter import Exporter
from dget.archive.form import Form, Format
from dget.archive.output import FileOutput, Output, StreamOutput
from dget.archive.placed_archive import PlacedArchive, placed_size
from dget.errors import UsageError
from dget.flow import Observer
from dget.model import Contents


def exporter_into_file(form: Form, target: Path, observer: Observer) -> Exporter:
    """target: the file to be written; the folder of an oci-dir."""
    if form.format is Format.OCI_DIR:
        from dget.archive.oci_dir import OciDir

        return OciDir(target, observer)
    if form.placed:
        return PlacedArchive(target, form, observer)
    return _sequential(form, FileOutput(target, observer))


def exporter_into_stream(form: Form, stream: BinaryIO) -> Exporter:
    """Raises UsageError for a form that is no single file."""
    if form.format is Format.OCI_DIR:
        raise UsageError("an oci-dir is a folder: it cannot go into a stream", hint="take --format oci-archive")
    return _sequential(form, StreamOutput(stream))


def size_of(contents: Contents, form: Form) -> int | None:
    """Bytes that will be written; None where that depends on bytes that are not here yet.

    Raises Unsupported where the format cannot hold the contents.
    """
    if form.format is Format.OCI_DIR:
        return sum(entry.size for entry in oci_entries(contents))
    return placed_size(contents, form) if form.placed else None


def _sequential(form: Form, output: Output) -> Exporter:
    if form.format is Format.DOCKER_LEGACY:
        from dget.archive.legacy_archive import LegacyArchive

        return LegacyArchive(output, form)
    from dget.archive.streamed_archive import StreamedArchive

    return StreamedArchive(output, form)
