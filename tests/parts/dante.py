"""Debian's dante: a SOCKS proxy, versions 4 and 5, in a folder of its own."""

import os
import socket
import subprocess
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
_OPEN = "socks pass { from: 0/0 to: 0/0 log: connect }"
_CLOSED = "socks block { from: 0/0 to: 0/0 log: connect error }"
# It knows the system's users alone: in a mount namespace of its own, these files say who they are.
_WITH_USERS = 'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/shadow" /etc/shadow && shift && exec "$@"'
_NOBODY = "nobody:x:65534:65534:nobody:/nonexistent:/bin/false"


class Dante:
    """Runs from construction until `stop`, or for the length of a `with`. Skips where dante is missing.

    user: name and password that it wants; passes: False refuses every connection.
    """

    def __init__(self, folder: Path, *, user: tuple[str, str] | None = None, passes: bool = True) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        config = folder / "danted.conf"
        runs_as = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
        method, rule = "username" if user else "none", _OPEN if passes else _CLOSED
        config.write_text(_CONFIG.format(folder=folder, port=port, method=method, user=runs_as, rule=rule))
        command: list[str | Path] = [need("danted", "dante-server"), "-f", config, "-p", folder / "pid"]
        if user:
            command = [*_with_user(folder, *user), *command]
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


def _with_user(folder: Path, name: str, password: str) -> list[str | Path]:
    hashed = subprocess.run(
        [need("openssl", "openssl"), "passwd", "-6", "-stdin"],
        input=password,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    root = "root:x:0:0:root:/root:/bin/sh"
    (folder / "passwd").write_text(f"{root}\n{_NOBODY}\n{name}:x:60001:65534::/nonexistent:/bin/false\n")
    (folder / "shadow").write_text(f"root:*:19000::::::\nnobody:*:19000::::::\n{name}:{hashed}:19000::::::\n")
    inside = [need("unshare", "util-linux"), "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--"]
    return [*inside, "sh", "-c", _WITH_USERS, "sh", folder]


def _accepts(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
