"""One source of blobs where several might be: a file, or the cache."""

from collections.abc import Sequence
from typing import Protocol

from dget.errors import DgetError
from dget.flow import PieceSink
from dget.model import Descriptor
from dget.protocol.connection_limit import ConnectionLimit


class _Readable(Protocol):
    def read_blob(self, blob: Descriptor, sink: PieceSink, *, start: int = 0, stop: int | None = None) -> None: ...


class Alone:
    """The engine's BlobHosts, and the one host of it.

    steady: whether what is read again is the same; connections: how many may read at once, from it and whoever shares them.
    """

    name = ""
    origin = True
    ranges = True

    def __init__(self, source: _Readable, *, steady: bool, connections: ConnectionLimit) -> None:
        self.steady = steady
        self.connections = connections
        self.read_blob = source.read_blob

    @property
    def alive(self) -> Sequence["Alone"]:
        return (self,)

    def failed(self, error: DgetError) -> None:
        """There is no other one to be asked instead."""

    def drop(self, reason: str) -> None:
        """There is no other one to be asked instead."""
