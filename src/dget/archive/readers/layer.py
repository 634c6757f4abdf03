"""A layer in an archive: what it is packed with, and what it unpacks to."""

from collections.abc import Iterator

import msgspec

from dget.archive.readers.members import Members
from dget.codec import Compression, Decompressed, detect_compression
from dget.codec.compression import MAGIC_SIZE
from dget.flow import Cancel
from dget.model import Digest
from dget.model import media_type as kinds

# What a manifest calls a layer that is packed so; engines read no other.
DOCKER_LAYER_TYPES = {
    Compression.NONE: kinds.DOCKER_LAYER,
    Compression.GZIP: kinds.DOCKER_LAYER_GZIP,
    Compression.ZSTD: kinds.DOCKER_LAYER_ZSTD,
}
_PIECE = 1 << 20


class MeasuredLayer(msgspec.Struct, frozen=True, kw_only=True):
    """digest: of the bytes as they are; diff_id, size: of the tar that they unpack to."""

    compression: Compression
    digest: Digest
    diff_id: Digest
    size: int


def compression_in(members: Members, name: str) -> Compression:
    return detect_compression(members.read(name, 0, MAGIC_SIZE))


def measure(members: Members, name: str, cancel: Cancel) -> MeasuredLayer:
    """Reads all of it once. Raises DamagedFile where it does not unpack, Unsupported, Cancelled."""
    packed = _MemberStream(members, name)
    plain = Decompressed(packed, f"{members.where}: {name}")
    diff_id, size = Digest.of(b"").hasher(), 0
    for piece in _pieces(plain, cancel):
        diff_id.update(piece)
        size += len(piece)
    return MeasuredLayer(
        compression=plain.compression,
        digest=Digest("sha256", packed.hasher.hexdigest()),
        diff_id=Digest("sha256", diff_id.hexdigest()),
        size=size,
    )


def _pieces(stream: Decompressed, cancel: Cancel) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        cancel.check()
        yield piece


class _MemberStream:
    """A member's bytes in order, hashed on the way."""

    def __init__(self, members: Members, name: str) -> None:
        self.hasher = Digest.of(b"").hasher()
        self._members = members
        self._name = name
        self._at = 0

    def read(self, size: int, /) -> bytes:
        data = self._members.read(self._name, self._at, size)
        self._at += len(data)
        self.hasher.update(data)
        return data
