"""How a host is doing: whether it answered, rests after failures, or was dropped for what it answered."""

import threading
from typing import Protocol

from dget.flow import Clock
from dget.protocol.connection_limit import ConnectionLimit
from dget.protocol.rest import Rest, rest_after


class HostMemory(Protocol):
    """What of hosts is remembered from run to run."""

    def recall(self, url: str) -> Rest | None: ...

    def remember(self, url: str, rest: Rest | None) -> None:
        """None forgets."""
        ...


class Forgetful:
    """A HostMemory for this run alone."""

    def __init__(self) -> None:
        self._rests: dict[str, Rest] = {}

    def recall(self, url: str) -> Rest | None:
        return self._rests.get(url)

    def remember(self, url: str, rest: Rest | None) -> None:
        if rest is None:
            self._rests.pop(url, None)
        else:
            self._rests[url] = rest


class Health:
    """One host's, for all images of a run. Threads may use it together.

    answered: whether it has answered properly in this run; dropped: whether it answered what no registry may;
    ranges: whether it gives parts of blobs; connections: how many it is worth having.
    """

    def __init__(self, url: str, memory: HostMemory, clock: Clock, connections: ConnectionLimit) -> None:
        self.answered = False
        self.dropped = False
        self.ranges = True
        self.connections = connections
        self._url = url
        self._memory = memory
        self._clock = clock
        self._lock = threading.Lock()
        self._rest = memory.recall(url)

    @property
    def rests(self) -> bool:
        return self._rest is not None and self._rest.lasts(self._clock.time())

    @property
    def usable(self) -> bool:
        return not self.dropped and not self.rests

    def well(self) -> None:
        """It answered as it should."""
        with self._lock:
            self.answered = True
            if self._rest is not None and not self.dropped:
                self._rest = None
                self._memory.remember(self._url, None)

    def down(self) -> float | None:
        """It did not answer, and rests: for how many seconds; None where it does already."""
        with self._lock:
            if self.rests:
                return None
            return self._begin_rest()

    def drop(self) -> bool:
        """It is not asked again in this run, and rests in the next ones. False where it was dropped before."""
        with self._lock:
            if self.dropped:
                return False
            self.dropped = True
            self._begin_rest()
            return True

    def _begin_rest(self) -> float:
        now = self._clock.time()
        self.answered = False
        self._rest = rest_after(self._rest, now)
        self._memory.remember(self._url, self._rest)
        return self._rest.until - now
