"""The servers that are pulled from: one registry, and several ways to it."""

import contextlib
import json
import os
import socket
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from bench.images import StoredImage, make
from bench.units import MB
from tests.parts.distribution import Distribution, free_port
from tests.parts.nginx import Nginx, server
from tests.parts.process import Daemon
from tests.parts.tls import CertificateAuthority

Way = Literal["plain", "tls", "slow10", "delay50", "delay200", "lossy", "counted"]

_ROOT = Path(__file__).resolve().parent.parent
# Options of the proxy that stands in the way.
_PROXIES: dict[Way, tuple[str, ...]] = {
    "delay50": ("--delay", "0.05"),
    "delay200": ("--delay", "0.2"),
    "lossy": ("--reset-after", str(20 * MB)),
    "counted": ("--rate", str(100 * MB)),
}
_TLS_OPTIONS = (
    "location / {",
    "    proxy_pass http://TARGET;",
    "    proxy_http_version 1.1;",
    "    proxy_set_header Connection '';",
    "    proxy_set_header Host $http_host;",
    "    proxy_set_header X-Forwarded-Proto https;",
    # Whatever does not fit into memory would be written to a disk.
    "    proxy_max_temp_file_size 0;",
    "    proxy_buffers 16 64k;",
    "    proxy_buffer_size 64k;",
    "    proxy_busy_buffers_size 128k;",
    "}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a registry answers. authorities: a folder with `ca.crt`, for a server with a certificate.

    passed: how many bytes went to clients until now, where that is counted.
    """

    address: str
    authorities: Path | None = None
    passed: Callable[[], int] | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.authorities else "http"


class Servers:
    """Each is started when it is first asked for; all are stopped at the end of the `with`."""

    def __init__(self, folder: Path) -> None:
        """folder: in memory, so that no disk but the client's is measured."""
        self._folder = folder
        self._running = contextlib.ExitStack()
        self._endpoints: dict[Way, Endpoint] = {}
        self._images: dict[str, StoredImage] = {}

    def __enter__(self) -> Self:
        self._registry = self._running.enter_context(Distribution(self._folder / "registry"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._running.close()

    def image(self, name: str) -> StoredImage:
        if name not in self._images:
            self._images[name] = make(self._registry, name)
        return self._images[name]

    def endpoint(self, way: Way) -> Endpoint:
        if way not in self._endpoints:
            self._endpoints[way] = self._start(way)
        return self._endpoints[way]

    def _start(self, way: Way) -> Endpoint:
        if way == "plain":
            return Endpoint(address=self._registry.address)
        if way == "tls":
            return self._start_tls()
        if way == "slow10":
            return self._start_limited("10m")
        return self._start_proxy(way)

    def _start_tls(self) -> Endpoint:
        authority = CertificateAuthority(self._folder / "authority")
        known = self._folder / "known"
        known.mkdir()
        (known / "ca.crt").write_bytes(authority.file.read_bytes())
        address = f"127.0.0.1:{free_port()}"
        lines = [line.replace("TARGET", self._registry.address) for line in _TLS_OPTIONS]
        block = server(address, *lines, tls=authority.server("127.0.0.1"))
        self._running.enter_context(Nginx(self._folder / "tls", block))
        return Endpoint(address=address, authorities=known)

    def _start_limited(self, rate: str) -> Endpoint:
        """rate: of each connection; nginx's own `limit_rate` would begin anew with each request."""
        address = f"127.0.0.1:{free_port()}"
        lines = f"listen {address}; proxy_pass {self._registry.address}; proxy_download_rate {rate};"
        self._running.enter_context(Nginx(self._folder / "limited", stream=f"server {{ {lines} }}"))
        return Endpoint(address=address)

    def _start_proxy(self, way: Way) -> Endpoint:
        address, control = (f"127.0.0.1:{free_port()}" for _ in range(2))
        command = [sys.executable, "-m", "bench.slow_proxy", address, self._registry.address, control, *_PROXIES[way]]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}

        def passed() -> int:
            host, _, port = control.rpartition(":")
            with socket.create_connection((host, int(port))) as connection, connection.makefile() as told:
                count: int = json.loads(told.read())["bytes"]
                return count

        daemon = Daemon(command, self._folder / f"{way}.log", lambda: passed() >= 0, environment)
        self._running.callback(daemon.stop)
        return Endpoint(address=address, passed=passed)
