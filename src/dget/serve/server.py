"""A handler on a loopback port, by the standard library's threading server."""

import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from dget import __version__
from dget.errors import DgetError
from dget.protocol.http import Headers, Request
from dget.serve.answers import Answer, Handler, refusal
from dget.serve.content import FilePart

# The first byte of a TLS greeting: clients try TLS first on loopback, and would wait for an answer to it.
_TLS_GREETING = b"\x16"
_IDLE = 60.0
# A longer body of a request is not read, and ends its connection.
_REQUEST_BODY_MAX = 1 << 20


class Server:
    """Serves from `__enter__` to `__exit__`, on 127.0.0.1 and a free port.

    handler: is called from many threads. A ConnectionError from it or from its answer's body breaks the connection
    off; so does the end of a body that is not as long as `Content-Length` says.
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
    # The standard library's 5 makes a client with many connections wait a second for some of them.
    request_queue_size = 128

    def __init__(self, handler: Handler, observe: Callable[[Request, int], None] | None) -> None:
        self.handler = handler
        self.observe = observe
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Connection)

    def server_bind(self) -> None:
        # HTTPServer's own asks the DNS for this machine's name: seconds, where there is no network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

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
        """A client that went away is no event; a file that cannot be read has ended the connection already."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


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
        request = Request(
            method=self.command, url=self.path, headers=Headers.of(self.headers.items()), body=self._request_body()
        )
        answer = self._ask(request)
        if self.server.observe:
            self.server.observe(request, answer.status)
        self._send(answer)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses before it is a request: told as registries tell it."""
        self.close_connection = True
        # Where the first line makes no sense its version counts as 0.9, whose answers have no status.
        self.request_version = self.protocol_version
        self._send(refusal(code, "UNSUPPORTED", message or explain or "not a request this server understands"))

    def _request_body(self) -> bytes:
        """Where it stays unread the connection must end: what follows would be taken for a request."""
        length = self.headers.get("Content-Length", "0")
        short = length.isdecimal() and len(length) < 10 and int(length) <= _REQUEST_BODY_MAX
        if short and "Transfer-Encoding" not in self.headers:
            return self.rfile.read(int(length))
        self.close_connection = True
        return b""

    def _ask(self, request: Request) -> Answer:
        try:
            return self.server.handler(request)
        except ConnectionError:
            raise
        except (OSError, DgetError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.message
            return refusal(500, "UNKNOWN", f"what this registry serves cannot be read: {reason}")

    def _send(self, answer: Answer) -> None:
        length = answer.headers.get("Content-Length")
        self.close_connection = self.close_connection or length is None
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and str(self._send_body(answer)) != length:
            self.close_connection = True

    def _send_body(self, answer: Answer) -> int:
        """The bytes that were sent."""
        part = answer.body
        if isinstance(part, FilePart) and part.start < part.stop:
            with part.path.open("rb") as file:
                return self.connection.sendfile(file, part.start, part.stop - part.start)
        sent = 0
        for piece in answer.body:
            self.connection.sendall(piece)
            sent += len(piece)
        return sent

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """The observer is told instead."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
