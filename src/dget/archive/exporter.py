"""What takes contents and makes a file, a folder or a stream of them.

Placed exporters know each blob's place before its first byte; sequential ones are fed whole blobs in order.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

import msgspec

from dget.codec import Record, Region
from dget.model import Contents, Descriptor, Digest


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was made. size: bytes that were written; path: `-` for a stream."""

    path: Path
    size: int


@runtime_checkable
class PlacedExporter(Protocol):
    """`begin`, then every missing blob into its region, then `finish`; or, at any time, `leave` or `abort`."""

    def begin(self, contents: Contents) -> None:
        """Raises StorageError where the target cannot be made, Unsupported where it cannot hold the contents."""
        ...

    def missing(self) -> Sequence[Descriptor]:
        """What the target does not have yet."""
        ...

    def region(self, blob: Descriptor) -> Region:
        """Where a missing blob's bytes belong; it is sealed when they are all there."""
        ...

    def kept(self, blob: Descriptor) -> Sequence[Record]:
        """What a former run claims to have left in the blob's region."""
        ...

    def keep(self, blobs: Mapping[Digest, Sequence[Record]], *, sync: bool) -> None:
        """Records what is there, for a later run. sync: wait until the disk has it."""
        ...

    def finish(self) -> Exported: ...

    def leave(self) -> None:
        """Keeps what is there for a later run."""
        ...

    def abort(self) -> None:
        """Leaves nothing behind."""
        ...


class SequentialExporter(Protocol):
    """`begin`, then every missing blob by `add`, in order and verified, then `finish`; or, at any time, `abort`."""

    def begin(self, contents: Contents) -> None:
        """Raises StorageError where the target cannot be made, Unsupported where it cannot hold the contents."""
        ...

    def missing(self) -> Sequence[Descriptor]:
        """What it wants to be fed, in this order."""
        ...

    def add(self, blob: Descriptor, content: BinaryIO) -> None:
        """content: from the first byte on, and seekable."""
        ...

    def finish(self) -> Exported: ...

    def abort(self) -> None:
        """Leaves nothing behind."""
        ...


Exporter: TypeAlias = PlacedExporter | SequentialExporter
