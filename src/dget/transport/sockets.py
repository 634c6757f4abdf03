"""A handle's open sockets, kept so that a cancelled transfer ends at once wherever it waits."""

import contextlib
import socket
import threading
from typing import Any


class OpenSockets:
    """Opens and closes sockets for one libcurl handle.

    pycurl hands a duplicate to libcurl: both must be closed, and shutting ours down ends what waits on the other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []

    def open(self, purpose: int, address: Any) -> socket.socket:  # noqa: ARG002 - OPENSOCKETFUNCTION's shape
        own = socket.socket(address.family, address.socktype, address.protocol)
        with self._lock:
            self._open.append(own)
        return own

    def close(self, handle: int) -> int:
        """CLOSESOCKETFUNCTION. handle: libcurl's duplicate."""
        duplicate = socket.socket(fileno=handle)
        with self._lock:
            own = next((own for own in self._open if _same(own, duplicate)), None)
            if own is not None:
                self._open.remove(own)
                own.close()
        duplicate.close()
        return 0

    def shut(self) -> None:
        """Ends every transfer on these sockets."""
        with self._lock:
            for own in self._open:
                with contextlib.suppress(OSError):
                    own.shutdown(socket.SHUT_RDWR)


def _same(own: socket.socket, duplicate: socket.socket) -> bool:
    # Two of a local port are one connection; sockets that never connected are alike.
    return own.family == duplicate.family and own.getsockname() == duplicate.getsockname()
