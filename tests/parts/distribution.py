"""Debian's docker-registry: the reference implementation of a registry, on a loopback port."""

import contextlib
import http.client
import json
import re
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.parts.images import Image
from tests.parts.process import Daemon, need

_TIMEOUT = 30.0
# The combined log format, which distribution writes to standard output.
_ACCESS = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[0-9.]+" (?P<status>\d{3}) ')


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAuth:
    """What distribution's `auth.token` is told. certificates: a PEM file of those that sign tokens."""

    realm: str
    service: str
    issuer: str
    certificates: Path


class Distribution:
    """Runs from construction until `stop`, or for the length of a `with`.

    users: passwords by name, for Basic; mirrors: the URL of the registry that it is a pull-through mirror of.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        token: TokenAuth | None = None,
        mirrors: str | None = None,
    ) -> None:
        program = need("docker-registry", "docker-registry")
        folder.mkdir(parents=True, exist_ok=True)
        self.storage = folder / "storage"
        self.address = f"127.0.0.1:{free_port()}"
        self._log = folder / "log"
        self._forgotten = 0
        config = folder / "config.yml"
        # JSON is YAML.
        config.write_text(
            json.dumps(self._config(folder, users, token) | ({"proxy": {"remoteurl": mirrors}} if mirrors else {}))
        )
        self._daemon = Daemon([program, "serve", config], self._log, self._is_ready)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def requests(self) -> list[Request]:
        """What was asked since `forget`."""
        lines = _ACCESS.finditer(self._log.read_text(errors="replace")[self._forgotten :])
        return [Request(line["method"], line["path"], int(line["status"])) for line in lines]

    @property
    def blobs_asked(self) -> list[str]:
        """Digests whose bytes were asked for since `forget`."""
        asked = [request.path for request in self.requests if request.method == "GET" and "/blobs/" in request.path]
        return [path.rpartition("/")[2].partition("?")[0] for path in asked]

    def forget(self) -> None:
        self._forgotten = len(self._log.read_text(errors="replace"))

    def name(self, image: str) -> str:
        return f"{self.address}/{image}"

    def blob_path(self, digest: str) -> Path:
        """The file that holds a blob."""
        algorithm, _, encoded = digest.partition(":")
        return self.storage / "docker/registry/v2/blobs" / algorithm / encoded[:2] / encoded / "data"

    def push(self, repository: str, tag: str, image: Image, authorization: str | None = None) -> None:
        """By the upload API, blobs first. authorization: the header's value."""
        headers = {"Authorization": authorization} if authorization else {}
        with contextlib.closing(http.client.HTTPConnection(self.address, timeout=_TIMEOUT)) as connection:
            for digest, blob in image.blobs.items():
                started = _send(connection, "POST", f"/v2/{repository}/blobs/uploads/", b"", headers, 202)
                place = urlsplit(started.getheader("Location") or "")
                target = f"{place.path}?{place.query}&digest={digest}"
                _send(connection, "PUT", target, blob, headers | {"Content-Type": "application/octet-stream"}, 201)
            for manifest in image.children:
                where = f"/v2/{repository}/manifests/{manifest.digest}"
                _send(connection, "PUT", where, manifest.raw, headers | {"Content-Type": manifest.media_type}, 201)
            where = f"/v2/{repository}/manifests/{tag}"
            _send(connection, "PUT", where, image.root.raw, headers | {"Content-Type": image.root.media_type}, 201)

    def stop(self) -> None:
        self._daemon.stop()

    def _config(self, folder: Path, users: Mapping[str, str] | None, token: TokenAuth | None) -> dict[str, object]:
        config: dict[str, object] = {
            "version": "0.1",
            "log": {"accesslog": {"disabled": False}, "level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(self.storage)}},
            "http": {"addr": self.address, "secret": "test"},
            # Foreign layers may be anywhere.
            "validation": {"manifests": {"urls": {"allow": ["^https?://"]}}},
        }
        if users:
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(_htpasswd(folder, users))}}
        if token:
            config["auth"] = {
                "token": {
                    "realm": token.realm,
                    "service": token.service,
                    "issuer": token.issuer,
                    "rootcertbundle": str(token.certificates),
                }
            }
        return config

    def _is_ready(self) -> bool:
        with contextlib.closing(http.client.HTTPConnection(self.address, timeout=1)) as connection:
            connection.request("GET", "/v2/")
            return connection.getresponse().status in (200, 401)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _htpasswd(folder: Path, users: Mapping[str, str]) -> Path:
    program = need("htpasswd", "apache2-utils")
    path = folder / "htpasswd"
    lines = [
        subprocess.run([program, "-niB", name], input=password, capture_output=True, text=True, check=True).stdout
        for name, password in users.items()
    ]
    path.write_text("".join(line.strip() + "\n" for line in lines))
    return path


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    expected: int,
) -> http.client.HTTPResponse:
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    said = response.read()
    assert response.status == expected, f"{method} {path}: {response.status} {said!r}"
    return response
