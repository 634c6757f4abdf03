"""A layer in an archive: what it is packed with, and what it unpacks to."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from dget.archive.readers.members import Members
from dget.codec.compression import HEAD, Compression, compression_of, unpacking
from dget.flow import Cancel
from dget.model import Digest

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLayer:
    """digest: of the bytes as they are; diff_id, size: of the tar that they unpack to."""

    compression: Compression | None
    digest: Digest
    diff_id: Digest
    size: int


def compression_in(members: Members, name: str) -> Compression | None:
    return compression_of(members.read(name, 0, HEAD))


def measure(members: Members, name: str, cancel: Cancel) -> MeasuredLayer:
    """Reads all of it once. Raises DamagedFile where it does not unpack, Unsupported, Cancelled."""
    compression = compression_in(members, name)
    packed = _MemberStream(members, name)
    stream = cast("BinaryIO", packed)
    plain = unpacking(stream, compression) if compression else stream
    diff_id, size = Digest.of(b"").hasher(), 0
    for piece in _pieces(plain, cancel):
        diff_id.update(piece)
        size += len(piece)
    # What follows the end of the stream belongs to the blob all the same.
    for _ in _pieces(stream, cancel):
        pass
    return MeasuredLayer(
        compression=compression,
        digest=Digest("sha256", packed.hasher.hexdigest()),
        diff_id=Digest("sha256", diff_id.hexdigest()),
        size=size,
    )


def _pieces(stream: BinaryIO, cancel: Cancel) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        cancel.check()
        yield piece


class _MemberStream(io.RawIOBase):
    """A member's bytes in order, hashed on the way."""

    def __init__(self, members: Members, name: str) -> None:
        self.hasher = Digest.of(b"").hasher()
        self._members = members
        self._name = name
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._members.read(self._name, self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        self.hasher.update(data)
        return len(data)
