"""A handler on a loopback port, by the standard library's threading server."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from dget import __version__
from dget.protocol.http import Headers, Request
from dget.serve.answers import Handler

# The first byte of a TLS greeting: clients try TLS first on loopback, and would wait for an answer to it.
_TLS_GREETING = b"\x16"
_IDLE = 60.0


class Server:
    """Serves from `__enter__` to `__exit__`, on 127.0.0.1 and a free port.

    observe: is told each request and the status of its answer.
    """

    def __init__(self, handler: Handler, observe: Callable[[Request, int], None] | None = None) -> None:
        self._server = _HttpServer(handler, observe)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="dget-serve", daemon=True
        )

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self, handler: Handler, observe: Callable[[Request, int], None] | None) -> None:
        self.handler = handler
        self.observe = observe
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Ends what is under way, so that no thread waits for a client's next request."""
        with self._lock:
            for connection in self._connections:
                _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event."""


class _Connection(BaseHTTPRequestHandler):
    server: _HttpServer
    connection: socket.socket
    protocol_version = "HTTP/1.1"
    server_version = f"dget/{__version__}"
    sys_version = ""
    timeout = _IDLE
    disable_nagle_algorithm = True

    def handle(self) -> None:
        if self.connection.recv(1, socket.MSG_PEEK) not in (_TLS_GREETING, b""):
            super().handle()

    def do_GET(self) -> None:
        request = Request(method=self.command, url=self.path, headers=Headers.of(self.headers.items()))
        answer = self.server.handler(request)
        if self.server.observe:
            self.server.observe(request, answer.status)
        # The body of a refused write stays unread: what follows on the connection would be taken for a request.
        self.close_connection = self.close_connection or self.command not in ("GET", "HEAD")
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            for piece in answer.body:
                self.connection.sendall(piece)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """The observer is told instead."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
