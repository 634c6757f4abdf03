"""How bytes are packed, told by the first of them."""

import enum

# RFC 1952 section 2.2.
_GZIP_MAGIC = b"\x1f\x8b"
# RFC 8878 section 3.1.1, and 3.1.2 for frames that are to be skipped, which zstd:chunked layers end with.
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_BZIP2_MAGIC = b"BZh"
_XZ_MAGIC = b"\xfd7zXZ\x00"
_LZ4_MAGIC = b"\x04\x22\x4d\x18"
# So many bytes tell all of them apart.
MAGIC_SIZE = 6


class Compression(enum.Enum):
    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"
    BZIP2 = "bzip2"
    XZ = "xz"
    LZ4 = "lz4"


def detect_compression(head: bytes) -> Compression:
    """head: the first MAGIC_SIZE bytes or more. What is of no known kind counts as plain."""
    if head.startswith(_GZIP_MAGIC):
        return Compression.GZIP
    if head.startswith(_ZSTD_MAGIC) or (head[1:4] == _ZSTD_SKIPPABLE and head[0] >> 4 == 5):
        return Compression.ZSTD
    others = ((_BZIP2_MAGIC, Compression.BZIP2), (_XZ_MAGIC, Compression.XZ), (_LZ4_MAGIC, Compression.LZ4))
    return next((kind for magic, kind in others if head.startswith(magic)), Compression.NONE)
