"""What takes an image's contents and makes a file of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dget.codec import Region
from dget.model import Contents, Descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was made. size: bytes."""

    path: Path
    size: int


class Exporter(Protocol):
    """`begin`, then every missing blob into its region, then `finish`; or `abort` at any time."""

    def begin(self, contents: Contents) -> None:
        """Raises StorageError where the target cannot be made."""
        ...

    def missing(self) -> Sequence[Descriptor]:
        """What the target does not have yet."""
        ...

    def region(self, blob: Descriptor) -> Region:
        """Where a missing blob's bytes belong; it is sealed when they are all there."""
        ...

    def finish(self) -> Exported: ...

    def abort(self) -> None:
        """Leaves nothing behind."""
        ...
