"""A stand-in for Docker Hub from real parts: distribution and nginx, under Docker Hub's own names."""

import contextlib
import random
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.blob_gate import BlobGate, signed_location
from tests.parts.distribution import Distribution, TokenAuth
from tests.parts.images import Image
from tests.parts.nginx import Asked, Nginx, server
from tests.parts.tls import CertificateAuthority
from tests.parts.token_service import TokenService

REGISTRY = "registry-1.docker.io"
AUTH = "auth.docker.io"
CDN = "production.cloudflare.docker.com"
SERVICE = "registry.docker.io"
QUOTA = 100
_SECRET = "only-the-gate-and-the-cdn-know"
_PORT = 443


class Hub:
    """Runs from construction until `stop`, or for the length of a `with`. Raises OSError where 443 may not be had.

    users: passwords by name; private: who may pull, by repository. Blobs lie at the CDN, which takes no request that
    carries an Authorization header, as S3 does, and no link that has expired.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        private: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        front, cdn = loopback_address(), loopback_address()
        self.resolve = tuple(f"{host}:{_PORT}:{at}" for host, at in ((REGISTRY, front), (AUTH, front), (CDN, cdn)))
        self._ca = CertificateAuthority(folder / "ca")
        with contextlib.ExitStack() as stack:
            self.tokens = stack.enter_context(
                TokenService(self._ca.signer("tokens"), issuer=AUTH, users=users, private=private)
            )
            trust = TokenAuth(realm=f"https://{AUTH}/token", service=SERVICE, issuer=AUTH, certificates=self._ca.file)
            self._distribution = stack.enter_context(Distribution(folder / "distribution", token=trust))
            registry = self._distribution.address
            self.gate = BlobGate(registry, base=f"https://{CDN}", secret=_SECRET)
            stack.callback(self.gate.stop)
            self._front = stack.enter_context(self._start_front(folder / "front", front, registry))
            self._cdn = stack.enter_context(self._start_cdn(folder / "cdn", cdn))
            self._parts = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def options(self) -> list[str]:
        """What tells dget that this is Docker Hub."""
        resolve = [word for entry in self.resolve for word in ("--resolve", entry)]
        return [*resolve, "--ca-file", str(self._ca.file)]

    @property
    def registry_asked(self) -> list[Asked]:
        return [asked for asked in self._front.asked if asked.server == REGISTRY]

    @property
    def auth_asked(self) -> list[Asked]:
        return [asked for asked in self._front.asked if asked.server == AUTH]

    @property
    def cdn_asked(self) -> list[Asked]:
        return self._cdn.asked

    def forget(self) -> None:
        """What is asked from now on is seen."""
        self._front.forget()
        self._cdn.forget()
        self.tokens.forget()

    def stop(self) -> None:
        self._parts.close()

    def push(self, name: str, image: Image) -> None:
        """name: repository and tag, e.g. `library/bb:1`."""
        repository, _, tag = name.rpartition(":")
        token = self.tokens.token(SERVICE, [f"repository:{repository}:pull,push"], subject="owner")
        self._distribution.push(repository, tag, image, f"Bearer {token}")

    def _start_front(self, folder: Path, address: str, registry: str) -> Nginx:
        source = "docker-ratelimit-source $remote_addr"
        quota = f"ratelimit-limit {QUOTA};w=21600", f"ratelimit-remaining {QUOTA - 1};w=21600", source
        headers = "".join(f'add_header {name} "{value}"; ' for name, value in (one.split(" ") for one in quota))
        host = "proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https;"
        registry_server = server(
            f"{address}:{_PORT}",
            host,
            f"location / {{ proxy_pass http://{registry}; }}",
            f"location ~ ^/v2/.+/manifests/ {{ {headers} proxy_pass http://{registry}; }}",
            f"location ~ ^/v2/.+/blobs/sha256:[0-9a-f]+$ {{ proxy_pass http://{self.gate.address}; }}",
            names=[REGISTRY],
            tls=self._ca.server(REGISTRY),
        )
        auth_server = server(
            f"{address}:{_PORT}",
            f"location / {{ proxy_pass http://{self.tokens.address}; }}",
            names=[AUTH],
            tls=self._ca.server(AUTH),
        )
        return Nginx(folder, registry_server, auth_server)

    def _start_cdn(self, folder: Path, address: str) -> Nginx:
        files = signed_location(
            _SECRET,
            # A URL signed for GET answers nothing else.
            "if ($request_method != GET) { return 403; }",
            "if ($http_authorization) { return 400; }",
            f"root {self._distribution.storage};",
            "default_type application/octet-stream;",
        )
        return Nginx(folder, server(f"{address}:{_PORT}", files, names=[CDN], tls=self._ca.server(CDN)))


def loopback_address() -> str:
    """One of sixteen million, so that stand-ins may run side by side. Raises OSError where 443 may not be had."""
    address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
    with socket.create_server((address, _PORT)):
        return address
