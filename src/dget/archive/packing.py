"""Which packer makes an archive's outer compression, where its bytes are written one after the other."""

from dget.archive.form import Method, OuterCompression
from dget.archive.output import Output
from dget.codec.compress import GzipPacker, Packer, PlainPacker, ZstdPacker
from dget.codec.spliced_gzip import SplicedGzip
from dget.codec.stored_gzip import StoredGzipPacker

# The programs' own defaults.
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3


def packer_of_known_size(compression: OuterCompression, out: Output, size: int) -> Packer:
    """size: bytes that will be packed. What the registry compressed is not compressed again unless a level is given."""
    if compression.method is Method.GZIP and compression.level is None:
        return StoredGzipPacker(out, size)
    return _packer(compression, out)


def splicing_packer(compression: OuterCompression, out: Output) -> Packer:
    """For plain layer tars: gzip without a level takes the registry's gzip layers as they are."""
    if compression.method is Method.GZIP and compression.level is None:
        return SplicedGzip(out, _GZIP_LEVEL)
    return _packer(compression, out)


def compressing_packer(compression: OuterCompression, out: Output) -> Packer:
    """For bytes that nobody compressed yet."""
    return _packer(compression, out)


def _packer(compression: OuterCompression, out: Output) -> Packer:
    match compression.method:
        case Method.GZIP:
            return GzipPacker(out, compression.level or _GZIP_LEVEL)
        case Method.ZSTD:
            return ZstdPacker(out, compression.level or _ZSTD_LEVEL)
        case Method.NONE:
            return PlainPacker(out)
