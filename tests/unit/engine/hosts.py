"""Hosts of blobs in memory, that lie, fail and lack as they are told."""

from dget.errors import DgetError
from dget.flow import PieceSink
from dget.model import Descriptor, Digest
from dget.protocol.connection_limit import ConnectionLimit


class MemoryHost:
    """content: what it gives for the blob; step: bytes of one answer; error: raised in place of an answer."""

    steady = False
    ranges = True

    def __init__(self, name: str, content: bytes = b"", *, origin: bool = False, step: int = 1 << 20) -> None:
        self.name = name
        self.origin = origin
        self.content = content
        self.step = step
        self.error: DgetError | None = None
        self.connections = ConnectionLimit()
        self.failures: list[DgetError] = []
        self.dropped: list[str] = []

    def read_blob(self, blob: Descriptor, sink: PieceSink, *, start: int = 0, stop: int | None = None) -> None:
        if self.error is not None:
            raise self.error
        sink.write(self.content[start:stop][: self.step])

    def failed(self, error: DgetError) -> None:
        self.failures.append(error)

    def drop(self, reason: str) -> None:
        self.dropped.append(reason)


class MemoryHosts:
    def __init__(self, *hosts: MemoryHost) -> None:
        self.hosts = list(hosts)

    @property
    def alive(self) -> list[MemoryHost]:
        return [host for host in self.hosts if not host.dropped] or self.hosts[-1:]


def blob_of(content: bytes) -> Descriptor:
    return Descriptor(media_type="x", digest=Digest.of(content), size=len(content))
