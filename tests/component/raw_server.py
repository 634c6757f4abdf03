"""A server that answers with bytes as they are written: what no registry would send."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TypeAlias

_TLS_GREETING = b"\x16"
# A path's answer: what is sent until the client has gone.
Script: TypeAlias = dict[str, Iterable[bytes]]


class RawServer:
    """Runs for the length of a `with`. answers: by the beginning of the path; the first that fits is given."""

    def __init__(self, answers: Script) -> None:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(answers))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(answers: Script) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                if self.connection.recv(1, socket.MSG_PEEK) == _TLS_GREETING:
                    return
                words = self.rfile.readline().split()
                while self.rfile.readline().strip():
                    pass
                path = words[1].decode()
                for piece in next(answer for beginning, answer in answers.items() if path.startswith(beginning)):
                    self.wfile.write(piece)
                self.connection.shutdown(socket.SHUT_WR)

    return Handler
