"""Where bytes are pushed to."""

from typing import Protocol


class ByteSink(Protocol):
    """Takes bytes in order; libcurl, archives and caches can all feed one."""

    def write(self, data: bytes) -> None: ...
