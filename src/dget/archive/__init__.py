"""Files that hold images: their layout, and what writes and checks them."""

from dget.archive.check import check_archive
from dget.archive.docker_archive import DockerArchive, archive_size, is_gzip
from dget.archive.exporter import Exported, Exporter
from dget.archive.file_name import check_output, default_file_name, target_of

__all__ = [
    "DockerArchive",
    "Exported",
    "Exporter",
    "archive_size",
    "check_archive",
    "check_output",
    "default_file_name",
    "is_gzip",
    "target_of",
]
