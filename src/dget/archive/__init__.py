"""Files that hold images: their layout, and what writes and checks them."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.archive.check import check_archive
    from dget.archive.exporter import Exported, Exporter, PlacedExporter, SequentialExporter
    from dget.archive.file_name import default_file_name, find_namesakes, target_of, targets_of
    from dget.archive.form import Form, Format, Method, OuterCompression
    from dget.archive.making import exporter_into_file, exporter_into_stream, size_of
    from dget.archive.output import STREAM
    from dget.archive.rootfs_archive import rootfs_into_file, rootfs_into_stream

__all__ = [
    "STREAM",
    "Exported",
    "Exporter",
    "Form",
    "Format",
    "Method",
    "OuterCompression",
    "PlacedExporter",
    "SequentialExporter",
    "check_archive",
    "default_file_name",
    "exporter_into_file",
    "exporter_into_stream",
    "find_namesakes",
    "rootfs_into_file",
    "rootfs_into_stream",
    "size_of",
    "target_of",
    "targets_of",
]

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".check": ["check_archive"],
            ".exporter": ["Exported", "Exporter", "PlacedExporter", "SequentialExporter"],
            ".file_name": ["default_file_name", "find_namesakes", "target_of", "targets_of"],
            ".form": ["Form", "Format", "Method", "OuterCompression"],
            ".making": ["exporter_into_file", "exporter_into_stream", "size_of"],
            ".output": ["STREAM"],
            ".rootfs_archive": ["rootfs_into_file", "rootfs_into_stream"],
        },
    )
