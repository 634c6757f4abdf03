"""A proxy before a real registry: it counts the bytes that it passes on, and does harm by a script."""

import array
import contextlib
import fcntl
import http.client
import json
import re
import select
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, TypeAlias

_ANSWERED_WITHIN = 30.0
_PASSED_WITHIN = 30.0
_DELIVERED_WITHIN = 2.0
_PIECE = 16 << 10
# Headers that are of one connection alone. Source: RFC 9110 section 7.6.1.
_HOP_BY_HOP = frozenset(("connection", "keep-alive", "proxy-connection", "transfer-encoding"))
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of the client's. connection: its number, from 0; range: the header's value; at: monotonic seconds."""

    connection: int
    method: str
    path: str
    range: str
    at: float

    @property
    def is_blob(self) -> bool:
        return self.method == "GET" and "/blobs/" in self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What befalls one answer; by default nothing.

    status: this answer is given, and the registry not asked; retry_after: its header's value.
    delay: seconds before the answer. rate: bytes a second of this connection.
    reset_after, stall_after: so many bytes of bodies pass on this connection; then it is reset, or goes silent.
    ignore_range: the registry is asked for the whole. shift: it is asked for a range so many bytes further on;
    hide_shift: the answer claims to be what was asked for.
    """

    status: int | None = None
    retry_after: str | None = None
    delay: float = 0.0
    rate: int | None = None
    reset_after: int | None = None
    stall_after: int | None = None
    ignore_range: bool = False
    shift: int = 0
    hide_shift: bool = False


NO_FAULT = Fault()
Script: TypeAlias = Callable[[Asked], Fault]


class FaultProxy:
    """Runs from construction until `stop`, or for the length of a `with`; in plain HTTP, on 127.0.0.1.

    It knows GET and HEAD. script: is asked for each request, by the threads of several connections at once.
    """

    def __init__(self, origin: str) -> None:
        """origin: the registry's host and port."""
        self.script: Script = lambda _: NO_FAULT
        self._origin = origin
        self._changed = threading.Condition()
        self._passed = 0
        self._asked: list[Asked] = []
        self._stopping = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def passed(self) -> int:
        """Bytes of bodies that clients were sent since `forget`."""
        with self._changed:
            return self._passed

    @property
    def asked(self) -> list[Asked]:
        """What was asked since `forget`."""
        with self._changed:
            return list(self._asked)

    @property
    def blobs_asked(self) -> list[Asked]:
        """The requests for bytes of blobs, since `forget`."""
        return [asked for asked in self.asked if asked.is_blob]

    def name(self, image: str) -> str:
        return f"{self.address}/{image}"

    def forget(self) -> None:
        with self._changed:
            self._passed = 0
            self._asked.clear()

    def wait_until_passed(self, count: int) -> None:
        """Returns when `passed` is `count` or more. Raises AssertionError where that takes too long."""
        with self._changed:
            here = self._changed.wait_for(lambda: self._passed >= count, _PASSED_WITHIN)
            assert here, f"{self._passed} of {count} bytes were fetched within {_PASSED_WITHIN} s"

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()

    def _note(self, asked: Asked) -> Fault:
        with self._changed:
            self._asked.append(asked)
        return self.script(asked)

    def _count(self, size: int) -> None:
        with self._changed:
            self._passed += size
            self._changed.notify_all()

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    # server_close() waits for the threads, whose connections end_connections() has shut.
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def opened(self, connection: socket.socket) -> int:
        """Its number."""
        with self._lock:
            self._connections.append(connection)
            return len(self._connections) - 1

    def end_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Ended(Exception):
    """The connection is over: the client or the script wanted it so."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client's, with one of its own to the registry."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._proxy = self.server.proxy
        self._number = self.server.opened(self.connection)
        self._origin = http.client.HTTPConnection(self._proxy._origin, timeout=_ANSWERED_WITHIN)
        self._sent = 0
        self._due = 0.0

    def finish(self) -> None:
        self._origin.close()
        super().finish()

    def handle(self) -> None:
        with contextlib.suppress(OSError, _Ended):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        pass

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        asked = Asked(connection=self._number, method=self.command, path=self.path, range=wanted, at=time.monotonic())
        fault = self._proxy._note(asked)
        self._proxy._pause(fault.delay)
        if fault.status is not None:
            self._refuse(fault.status, fault.retry_after)
            return
        answer = self._ask(fault, wanted)
        hidden = _RANGE.fullmatch(wanted) if fault.hide_shift else None
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() == "content-range" and hidden:
                self.send_header(name, f"bytes {hidden[1]}-{hidden[2]}/{value.rpartition('/')[2]}")
            elif name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if answer.length is None:
            # No length: the end of the connection is the end of the body.
            self.close_connection = True
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        self._pass_on(answer, fault)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _refuse(self, status: int, retry_after: str | None) -> None:
        body = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "by the script"}]}).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _ask(self, fault: Fault, wanted: str) -> http.client.HTTPResponse:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        if fault.ignore_range:
            headers = {name: value for name, value in headers.items() if name.lower() != "range"}
        elif found := _RANGE.fullmatch(wanted) if fault.shift else None:
            headers["Range"] = f"bytes={int(found[1]) + fault.shift}-{int(found[2]) + fault.shift}"
        self._origin.request(self.command, self.path, headers=headers)
        return self._origin.getresponse()

    def _pass_on(self, answer: http.client.HTTPResponse, fault: Fault) -> None:
        while piece := answer.read(_PIECE):
            for limit, end in ((fault.reset_after, self._reset), (fault.stall_after, self._stall)):
                if limit is not None and self._sent + len(piece) >= limit:
                    self._send(piece[: max(0, limit - self._sent)], fault.rate)
                    end()
                    raise _Ended
            self._send(piece, fault.rate)
        if answer.length:
            # The registry broke off: to 416 it announces the whole blob's length.
            raise _Ended

    def _send(self, piece: bytes, rate: int | None) -> None:
        if rate:
            now = time.monotonic()
            self._due = max(now, self._due) + len(piece) / rate
            self._proxy._pause(self._due - now)
        if self._proxy._stopping.is_set():
            raise _Ended
        # Counted first: when the client has it, it is counted.
        self._sent += len(piece)
        self._proxy._count(len(piece))
        self.wfile.write(piece)

    def _reset(self) -> None:
        self._deliver()
        # No farewell: with a linger of zero seconds, close sends RST.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The socket is closed when nothing refers to it any more.
        self.rfile.close()
        self.connection.close()

    def _deliver(self) -> None:
        """Waits until the client's side has all that was sent: a reset would throw away what is on its way."""
        deadline = time.monotonic() + _DELIVERED_WITHIN
        waiting = array.array("i", [1])
        while waiting[0] and time.monotonic() < deadline:
            # What SIOCOUTQ is called in termios: bytes that are not acknowledged.
            fcntl.ioctl(self.connection, termios.TIOCOUTQ, waiting)
            self._proxy._pause(0.001)

    def _stall(self) -> None:
        """Silent until the client has gone."""
        while not self._proxy._stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if readable and not self.connection.recv(_PIECE):
                return
