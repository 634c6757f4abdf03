"""How far a transfer is: counters that a display polls, so that no chunk costs an event."""

import msgspec


class Counter(msgspec.Struct, eq=False):
    """One blob's bytes. arrived: from the network; reused: from the cache or an earlier run.

    elsewhere: what another process has of it, while that one brings it for us too.
    """

    label: str
    total: int
    arrived: int = 0
    reused: int = 0
    elsewhere: int = 0

    @property
    def here(self) -> int:
        return max(self.arrived + self.reused, self.elsewhere)


class Progress(msgspec.Struct, eq=False):
    """All blobs of a run, in the order in which people should read them."""

    counters: list[Counter] = msgspec.field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(counter.total for counter in self.counters)

    @property
    def here(self) -> int:
        return sum(counter.here for counter in self.counters)

    @property
    def arrived(self) -> int:
        return sum(counter.arrived for counter in self.counters)

    @property
    def reused(self) -> int:
        return sum(counter.reused for counter in self.counters)
