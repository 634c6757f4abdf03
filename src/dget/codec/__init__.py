"""Bytes: checksums, positional files, and the places of bytes in plain and gzip files."""

from dget.codec.checksum import combine_crc32, crc32
from dget.codec.disk_errors import disk_errors
from dget.codec.files import FileLock, PositionalFile
from dget.codec.ledger import Ledger, Record
from dget.codec.region import FileRegion, Region

__all__ = [
    "FileLock",
    "FileRegion",
    "Ledger",
    "PositionalFile",
    "Record",
    "Region",
    "combine_crc32",
    "crc32",
    "disk_errors",
]
