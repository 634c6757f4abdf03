"""Where a registry leads to for its blobs: found once, and used by every request for a part of one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dget.flow import Cancel
from dget.model import Digest
from dget.protocol.http import Request

# How long somebody else's look for a link is waited for, in tenths of a second: it may hang.
_TENTHS = 10


class Links:
    """Requests to other origins, whose headers are whoever's who found them. Threads may use it together."""

    def __init__(self) -> None:
        self._found: dict[Digest, Request] = {}
        self._looking: dict[Digest, threading.Lock] = {}

    def of(self, blob: Digest) -> Request | None:
        return self._found.get(blob)

    def keep(self, blob: Digest, link: Request) -> None:
        self._found[blob] = link

    def forget(self, blob: Digest, link: Request) -> None:
        """Unless somebody found another one meanwhile."""
        if self._found.get(blob) is link:
            self._found.pop(blob, None)

    @contextmanager
    def turn(self, blob: Digest, cancel: Cancel) -> Iterator[None]:
        """One looks for a blob's link at a time; the others find it when their turn comes. Raises Cancelled."""
        lock = self._looking.setdefault(blob, threading.Lock())
        held = any(_acquired(lock, cancel) for _ in range(_TENTHS))
        try:
            yield
        finally:
            if held:
                lock.release()


def _acquired(lock: threading.Lock, cancel: Cancel) -> bool:
    cancel.check()
    return lock.acquire(timeout=0.1)
