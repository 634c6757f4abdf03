"""Where bytes are pushed to."""

from typing import Protocol


class ByteSink(Protocol):
    """Takes bytes in order; libcurl, archives and caches can all feed one."""

    def write(self, data: bytes) -> None: ...


class PieceSink(Protocol):
    """A ByteSink that keeps nothing of what it is given: that is its giver's again after the call."""

    def write(self, data: bytes | memoryview) -> None: ...
