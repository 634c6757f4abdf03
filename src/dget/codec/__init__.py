"""Bytes: checksums, unpacking, positional files, and the places of bytes in plain and gzip files."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.codec.checksum import combine_crc32, crc32
    from dget.codec.compression import Compression, detect_compression
    from dget.codec.decompress import Decompressed
    from dget.codec.files import FileLock, PositionalFile, sync_folder
    from dget.codec.ledger import Ledger, Record
    from dget.codec.region import FileRegion, Region
    from dget.codec.room import check_room, taken
    from dget.codec.scratch_folder import ScratchFolder, remove_abandoned
    from dget.codec.shared_lock import NO_LOCKS, SharedLock
    from dget.codec.storage_errors import FULL, disk_errors

__all__ = [
    "FULL",
    "NO_LOCKS",
    "Compression",
    "Decompressed",
    "FileLock",
    "FileRegion",
    "Ledger",
    "PositionalFile",
    "Record",
    "Region",
    "ScratchFolder",
    "SharedLock",
    "check_room",
    "combine_crc32",
    "crc32",
    "detect_compression",
    "disk_errors",
    "remove_abandoned",
    "sync_folder",
    "taken",
]

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".checksum": ["combine_crc32", "crc32"],
            ".compression": ["Compression", "detect_compression"],
            ".decompress": ["Decompressed"],
            ".storage_errors": ["FULL", "disk_errors"],
            ".files": ["FileLock", "PositionalFile", "sync_folder"],
            ".ledger": ["Ledger", "Record"],
            ".region": ["FileRegion", "Region"],
            ".room": ["check_room", "taken"],
            ".scratch_folder": ["ScratchFolder", "remove_abandoned"],
            ".shared_lock": ["NO_LOCKS", "SharedLock"],
        },
    )
