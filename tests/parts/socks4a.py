"""A SOCKS 4A proxy of the tests' own, since dante knows 4 and 5 alone. Source: the SOCKS 4A protocol description."""

import contextlib
import socket
import socketserver
import struct
import threading
from types import TracebackType
from typing import Self

_GRANTED, _REJECTED = 0x5A, 0x5B
_CONNECT_WITHIN = 10.0
_PIECE = 64 << 10


class Socks4a:
    """Runs from construction until `stop`, or for the length of a `with`. asked: names that it looked up itself."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
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
        return f"127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        asked = self.asked

        class Handler(socketserver.StreamRequestHandler):
            rbufsize = 0

            def handle(self) -> None:
                version, command, port, address = struct.unpack(">BBH4s", self.rfile.read(8))
                self._text()
                # 0.0.0.x with x not zero: the name comes behind.
                if (version, command) != (4, 1) or address[:3] != b"\0\0\0":
                    self.wfile.write(struct.pack(">BBH4s", 0, _REJECTED, port, address))
                    return
                asked.append(self._text())
                with socket.create_connection((asked[-1], port), _CONNECT_WITHIN) as target:
                    self.wfile.write(struct.pack(">BBH4s", 0, _GRANTED, port, address))
                    back = threading.Thread(target=_pass_on, args=(target, self.connection))
                    back.start()
                    _pass_on(self.connection, target)
                    back.join()

            def _text(self) -> str:
                return b"".join(iter(lambda: self.rfile.read(1), b"\0")).decode()

        return Handler


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_PIECE):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
