"""Debian's nginx, in a folder of its own, with an access log that proves what it was asked."""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.parts.distribution import free_port
from tests.parts.process import Daemon, need
from tests.parts.tls import KeyPair

_ANSWERS_WITHIN = 10.0
_STREAM_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")

_CONFIG = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log notice;
{main}
events {{ worker_connections 512; }}
http {{
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    client_max_body_size 0;
    server_tokens off;
    log_format proof escape=json '{log}';
    access_log access.log proof;
    server {{
        listen {control};
        access_log off;
        return 204;
    }}
    {servers}
}}
{stream}
"""
_SESSIONS = "ssl_session_cache shared:sessions:1m;"
_FIELDS = {
    "server": "$server_name",
    "host": "$host",
    "request": "$request",
    "path": "$uri",
    "arguments": "$args",
    "status": "$status",
    "sent": "$body_bytes_sent",
    "authorization": "$http_authorization",
    "range": "$http_range",
    "user_agent": "$http_user_agent",
    "connection": "$connection",
    "session": "$ssl_session_reused",
}

LOG_FORMAT = "{" + ",".join(f'"{name}":"{variable}"' for name, variable in _FIELDS.items()) + "}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as the access log tells it. An absent header is an empty string; sent: bytes of the body.

    connection: its number; session: `r` where it goes on with a TLS session of a former one.
    """

    server: str
    host: str
    request: str
    path: str
    arguments: str
    status: int
    sent: int
    authorization: str
    range: str
    user_agent: str
    connection: str
    session: str

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]


class Nginx:
    """Runs from construction until `stop`, or for the length of a `with`. Skips where nginx is missing."""

    def __init__(self, folder: Path, *servers: str, main: str = "", stream: str = "") -> None:
        """servers: `server { … }` blocks, see `server`; stream: the like, for bytes of any protocol."""
        (folder / "temp").mkdir(parents=True)
        self.folder = folder
        self._control = f"127.0.0.1:{free_port()}"
        self._log = folder / "access.log"
        (folder / "nginx.conf").write_text(self._config(servers, main, stream))
        command = [need("nginx", "nginx-light"), "-p", f"{folder}/", "-e", "error.log", "-c", "nginx.conf"]
        self._daemon = Daemon(command, folder / "output", self._is_ready)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def asked(self) -> list[Asked]:
        """What was asked so far, in the order in which it was answered."""
        # One worker, one event loop: a request is logged by the same turn that sends its last byte. Who was
        # answered a question of now knows that every answer received before is in the log.
        with urllib.request.urlopen(f"http://{self._control}/", timeout=_ANSWERS_WITHIN):
            pass
        return read_log(self._log)

    def forget(self) -> None:
        """Empties the log: what is asked from now on is seen."""
        assert self.asked is not None
        # nginx appends, so that it goes on at the new end.
        self._log.write_bytes(b"")

    def stop(self) -> None:
        self._daemon.stop()

    def _config(self, servers: Sequence[str], main: str, stream: str) -> str:
        if stream:
            main = f"load_module {_STREAM_MODULE};\n{main}"
            stream = f"stream {{\n{stream}\n}}"
        # Workers give up root, and then cannot read pytest's folders. Who is not root is told that this has no effect.
        main = f"user root;\n{main}"
        return _CONFIG.format(
            main=main, control=self._control, log=LOG_FORMAT, servers="\n".join(servers), stream=stream
        )

    def _is_ready(self) -> bool:
        # It writes this file when it has bound every address.
        ready = self.folder / "nginx.pid"
        return ready.exists() and ready.read_text().strip() != ""


def server(listen: str, *lines: str, names: Sequence[str] = ("_",), tls: KeyPair | None = None) -> str:
    """A `server { … }` block. listen: address and port; lines: what stands in it, each with its semicolon or braces."""
    secure = [f"ssl_certificate {tls.certificate};", f"ssl_certificate_key {tls.key};", _SESSIONS] if tls else []
    own = [f"listen {listen}{' ssl' if tls else ''};", f"server_name {' '.join(names)};", *secure]
    return "\n    ".join(["server {", *own, *lines]) + "\n}"


def read_log(path: Path) -> list[Asked]:
    """Of lines in LOG_FORMAT; empty where there is no such file."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    # A TLS greeting to a port without TLS is logged too, as nonsense without a path.
    return [asked for asked in map(_read, lines) if asked.path]


def _read(line: str) -> Asked:
    fields: dict[str, Any] = json.loads(line)
    return Asked(**{**fields, "status": int(fields["status"]), "sent": int(fields["sent"])})
