"""Bytes: checksums, unpacking, positional files, and the places of bytes in plain and gzip files."""

from dget.codec.checksum import combine_crc32, crc32
from dget.codec.decompress import Compression, Decompressed, detect_compression
from dget.codec.disk_errors import disk_errors
from dget.codec.files import FileLock, PositionalFile, sync_folder
from dget.codec.ledger import Ledger, Record
from dget.codec.region import FileRegion, Region
from dget.codec.room import check_room, taken
from dget.codec.shared_lock import NO_LOCKS, SharedLock

__all__ = [
    "NO_LOCKS",
    "Compression",
    "Decompressed",
    "FileLock",
    "FileRegion",
    "Ledger",
    "PositionalFile",
    "Record",
    "Region",
    "SharedLock",
    "check_room",
    "combine_crc32",
    "crc32",
    "detect_compression",
    "disk_errors",
    "sync_folder",
    "taken",
]
