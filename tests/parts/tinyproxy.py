"""Debian's tinyproxy, in a folder of its own: a small HTTP proxy that may want a password."""

import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.distribution import free_port
from tests.parts.process import Daemon, need

_CONFIG = """
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 50
LogFile "{folder}/log"
LogLevel Connect
PidFile "{folder}/pid"
{rules}
"""


class Tinyproxy:
    """Runs from construction until `stop`, or for the length of a `with`. Skips where tinyproxy is missing."""

    def __init__(self, folder: Path, *, user: tuple[str, str] | None = None, ports: Sequence[int] = ()) -> None:
        """user: name and password that it wants; ports: the only ones that CONNECT may go to."""
        folder.mkdir(parents=True)
        self._folder = folder
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        rules = [f"BasicAuth {user[0]} {user[1]}"] if user else []
        rules += [f"ConnectPort {one}" for one in ports]
        config = folder / "tinyproxy.conf"
        config.write_text(_CONFIG.format(port=port, folder=folder, rules="\n".join(rules)))
        command: list[str | Path] = [need("tinyproxy", "tinyproxy"), "-d", "-c", config]
        self._daemon = Daemon(command, folder / "output", lambda: _accepts(port))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What it was asked for, and did."""
        return (self._folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        self._daemon.stop()


def _accepts(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
