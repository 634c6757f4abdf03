"""Debian's dante: a SOCKS proxy, versions 4 and 5, in a folder of its own."""

import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.distribution import free_port
from tests.parts.process import Daemon, need

_CONFIG = """
logoutput: {folder}/log
internal: 127.0.0.1 port = {port}
external: lo
clientmethod: none
socksmethod: {method}
user.privileged: {user}
user.unprivileged: {user}
client pass {{ from: 0/0 to: 0/0 }}
{rule}
"""
_OPEN = "socks pass {{ from: 0/0 to: 0/0 {versions} log: connect }}"
_CLOSED = "socks block { from: 0/0 to: 0/0 log: connect error }"


class Dante:
    """Runs from construction until `stop`, or for the length of a `with`. Skips where dante is missing.

    method: dante's name, `none` or `username`; the latter wants a user of this system and his password. proxies: the
    one version of the protocol that it takes, `socks_v4` or `socks_v5`. passes: False refuses every connection.
    """

    def __init__(self, folder: Path, *, method: str = "none", version: str | None = None, passes: bool = True) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        config = folder / "danted.conf"
        versions = f"proxyprotocol: {version}" if version else ""
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
        rule = _OPEN.format(versions=versions) if passes else _CLOSED
        config.write_text(_CONFIG.format(folder=folder, port=port, method=method, user=user, rule=rule))
        command: list[str | Path] = [need("danted", "dante-server"), "-f", config, "-p", folder / "pid"]
        self._daemon = Daemon(command, folder / "output", lambda: _accepts(port))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        self._daemon.stop()


def _accepts(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
