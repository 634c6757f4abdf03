"""What takes an image's contents and makes a file of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dget.codec import Record, Region
from dget.model import Contents, Descriptor, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was made. size: bytes."""

    path: Path
    size: int


class Exporter(Protocol):
    """`begin`, then every missing blob into its region, then `finish`; or, at any time, `leave` or `abort`."""

    def begin(self, contents: Contents) -> None:
        """Raises StorageError where the target cannot be made."""
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
