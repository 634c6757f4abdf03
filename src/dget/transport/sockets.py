"""A handle's open sockets, kept so that a cancelled transfer ends at once wherever it waits."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pycurl

from dget.errors import NetworkError

Check: TypeAlias = Callable[[str], None]


class OpenSockets:
    """Opens and closes sockets for one libcurl handle.

    pycurl hands a duplicate to libcurl: both must be closed, and shutting ours down ends what waits on the other.
    refusal: why the last connection was not to be made.
    """

    def __init__(self) -> None:
        self.refusal: NetworkError | None = None
        self._check: Check | None = None
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []

    @contextlib.contextmanager
    def checked(self, check: Check | None) -> Iterator[None]:
        """check: is asked for each address that a connection goes to, and raises NetworkError where it may not."""
        self._check, self.refusal = check, None
        try:
            yield
        finally:
            self._check = None

    def open(self, purpose: int, address: Any) -> "socket.socket | int":  # noqa: ARG002 - OPENSOCKETFUNCTION's shape
        try:
            if self._check is not None:
                self._check(address.addr[0])
        except NetworkError as error:
            self.refusal = error
            return pycurl.SOCKET_BAD
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
