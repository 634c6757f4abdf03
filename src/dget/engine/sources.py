"""Where a run's bytes may come from, and which host the next chunk is asked of."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from dget.errors import DgetError, IntegrityError, NetworkError, NotFound, RateLimited, Unauthorized
from dget.flow import PieceSink
from dget.model import Descriptor, Digest
from dget.protocol.connection_limit import ConnectionLimit
from dget.protocol.retry import backoff

# A host whose connections are so many times slower than the best one's is more a burden than a help.
_HOPELESS = 20
# Failures in a row after which a host is left out of the run.
_STRIKES = 3


class BlobSource(Protocol):
    def read_blob(self, blob: Descriptor, sink: PieceSink, *, start: int = 0, stop: int | None = None) -> None:
        """Bytes start to stop-1 of a blob, or fewer; unverified."""
        ...


class BlobHost(BlobSource, Protocol):
    """One of several that have the same blobs.

    origin: whether it is trusted without proof; steady: whether what is read again is the same, so that damage is final;
    ranges: whether it gives parts of blobs; connections: how many it is worth having, whoever asks.
    """

    name: str
    origin: bool
    steady: bool
    ranges: bool

    @property
    def connections(self) -> ConnectionLimit: ...

    def failed(self, error: DgetError) -> None: ...

    def drop(self, reason: str) -> None: ...


class BlobHosts(Protocol):
    @property
    def alive(self) -> Sequence[BlobHost]:
        """Those that may be asked now, at least one; others may join while the run goes on."""
        ...


class Source(msgspec.Struct, eq=False):
    """One host, and what the run learned of it.

    proven: whether bytes of its were compared; busy: claims in its hands.
    rate: bytes a second of one of its connections on the whole, 0 where that is not known; lately: the same, of its last
    `latest` bytes; latency: seconds from a request to the first bytes; lacks: blobs that it has not.
    strikes: failures in a row; spared_until: monotonic seconds.
    """

    host: BlobHost
    proven: bool
    busy: int = 0
    rate: float = 0.0
    lately: float = 0.0
    latest: int = 0
    latency: float = 0.0
    strikes: int = 0
    spared_until: float = 0.0
    lacks: set[Digest] = msgspec.field(default_factory=set)

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def ranges(self) -> bool:
        return self.host.ranges

    @property
    def limit(self) -> ConnectionLimit:
        return self.host.connections

    def measured(self, count: int, seconds: float) -> None:
        """count: bytes that one connection gave in that time."""
        self.latest, self.lately = count, count / max(seconds, 0.001)
        self.rate = (self.rate + self.lately) / 2 if self.rate else self.lately
        self.strikes = 0

    def answered(self, seconds: float) -> None:
        """seconds: from a request to its first bytes."""
        self.latency = (self.latency + seconds) / 2 if self.latency else seconds


class Sources:
    """The hosts of a run's blobs. Not thread-safe: whoever asks holds the run's lock."""

    def __init__(self, hosts: BlobHosts) -> None:
        self._hosts = hosts
        self._known: dict[int, Source] = {}

    @property
    def steady(self) -> bool:
        return all(host.steady for host in self._hosts.alive)

    def choose(self, blob: Descriptor, now: float, free: Callable[[Source], bool]) -> Source | None:
        """Who is asked for the next chunk; None where those who could be are to be waited for.

        A stranger gets one chunk, that is compared; then the faster a host's connections are, the more it gets.
        free: whether a source may have one more connection.
        """
        able = self._able(blob)
        if len(able) == 1:
            return able[0] if free(able[0]) else None
        ready = [source for source in able if source.spared_until <= now]
        best = max((source.rate for source in ready), default=0.0)
        worth = [source for source in ready if free(source) and (not source.rate or source.rate * _HOPELESS >= best)]
        if stranger := next((source for source in worth if not source.proven and not source.busy), None):
            return stranger
        proven = [source for source in worth if source.proven]
        return max(proven, key=lambda source: (source.rate or best or 1.0) / (source.busy + 1), default=None)

    def others(self, source: Source, blob: Descriptor) -> list[Source]:
        """Who else has a blob, the most trusted ones first."""
        able = [other for other in self._able(blob) if other is not source]
        return sorted(able, key=lambda other: (not other.proven, -other.rate))

    def all(self, blob: Descriptor) -> list[Source]:
        """Who has a blob, the most trusted ones first."""
        return sorted(self._able(blob), key=lambda source: (not source.host.origin, not source.proven, -source.rate))

    def better(self, source: Source, blob: Descriptor) -> Source | None:
        """Whose connections are known to be faster, the fastest of those."""
        proven = [other for other in self.others(source, blob) if other.proven and other.ranges]
        return max((other for other in proven if other.rate > source.rate), key=lambda other: other.rate, default=None)

    def failed(self, source: Source, error: DgetError, blob: Descriptor, now: float, jitter: float) -> bool:
        """Takes a failure into account; whether others can do what it could not."""
        if not isinstance(error, IntegrityError | NetworkError | NotFound | RateLimited | Unauthorized):
            return False
        if not self.others(source, blob):
            return False
        source.strikes += 1
        source.spared_until = now + max(error.retry_after or 0.0, backoff(source.strikes, jitter))
        if isinstance(error, IntegrityError) or not error.temporary:
            source.lacks.add(blob.digest)
        if blob.digest in source.lacks or source.strikes >= _STRIKES:
            source.host.failed(error)
        return True

    def _able(self, blob: Descriptor) -> list[Source]:
        """Where each of several lacks the blob or gives no parts, all are, so that the error comes to light."""
        alive = [self._source(host) for host in self._hosts.alive]
        return [source for source in alive if source.ranges and blob.digest not in source.lacks] or alive[-1:]

    def _source(self, host: BlobHost) -> Source:
        if id(host) not in self._known:
            self._known[id(host)] = Source(host, proven=host.origin)
        return self._known[id(host)]
