"""A blob that another process brings into the cache."""

import msgspec

from dget.codec import Region
from dget.flow import Counter
from dget.model import Descriptor

AWAIT_EVERY = 0.2


class Awaited(msgspec.Struct, eq=False):
    """region: where it is to be in the end, or None where the cache is all; moved: when it last grew, monotonic seconds."""

    blob: Descriptor
    region: Region | None
    counter: Counter
    moved: float

    def grown(self, here: int, now: float, patience: float) -> bool:
        """Whether the other process is still worth waiting for. here: bytes that it has; patience: seconds."""
        if here != self.counter.elsewhere:
            self.counter.elsewhere = here
            self.moved = now
        return now - self.moved < patience
