"""A token service whose tokens distribution's `auth.token` really checks: RS256, the certificate in the header.

Source: distribution, docs/spec/auth/token.md and jwt.md.
"""

import base64
import json
import ssl
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.parts.tls import KeyPair


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """One request. scopes: as asked for; authorization: the header, or an empty string; form: of a POST."""

    method: str
    service: str
    scopes: tuple[str, ...]
    authorization: str
    form: Mapping[str, str]
    status: int


class TokenService:
    """Runs from construction until `stop`, or for the length of a `with`; in plain HTTP, on 127.0.0.1.

    users: passwords by name; private: who may pull, by repository. Every other repository is public. Asked
    anonymously for a private one it answers a token that allows nothing, as Docker Hub does; a wrong password is
    answered with 401, and POST with 404, as GCR does. With identity_tokens it gives one to who asks for offline access
    (docs/spec/auth/oauth.md), and POST takes it; each use gives the next one, and the old one is void.
    """

    def __init__(
        self,
        signer: KeyPair,
        *,
        issuer: str,
        users: Mapping[str, str] | None = None,
        private: Mapping[str, Sequence[str]] | None = None,
        life: int = 300,
        identity_tokens: bool = False,
    ) -> None:
        """signer: an RSA key whose certificate distribution's `rootcertbundle` trusts; life: of a token, in seconds."""
        self.issuer = issuer
        self.life = life
        self.users = dict(users or {})
        self.private = {name: tuple(names) for name, names in (private or {}).items()}
        # Users, by their identity token.
        self.identities: dict[str, str] = {}
        self._gives_identity_tokens = identity_tokens
        self._signer = signer
        self._asked: list[TokenRequest] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
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
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def asked(self) -> list[TokenRequest]:
        with self._lock:
            return list(self._asked)

    def forget(self) -> None:
        with self._lock:
            self._asked.clear()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(self, service: str, scopes: Sequence[str], *, subject: str = "") -> str:
        """A token that allows just these scopes, e.g. `repository:library/bb:pull,push`."""
        now = int(time.time())
        # Clocks may differ by a second between a signer and a checker.
        times = {"nbf": now - 10, "iat": now, "exp": now + self.life}
        claims = {"iss": self.issuer, "sub": subject, "aud": service, "jti": uuid.uuid4().hex, **times}
        certificate = ssl.PEM_cert_to_DER_cert(self._signer.certificate.read_text())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(certificate).decode()]}
        signed = f"{_part(header)}.{_part({**claims, 'access': [_access(scope) for scope in scopes]})}"
        return f"{signed}.{_base64url(self._sign(signed.encode()))}"

    def _sign(self, data: bytes) -> bytes:
        command = ["openssl", "dgst", "-sha256", "-sign", str(self._signer.key)]
        return subprocess.run(command, input=data, check=True, capture_output=True, timeout=60).stdout

    def answer(self, service: str, scopes: Sequence[str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Status and body for a GET."""
        user = self._user(authorization)
        if user is None:
            return 401, {"details": "incorrect username or password"}
        allowed = [scope for scope in scopes if self._may(user, scope)]
        token = self.token(service, allowed, subject=user)
        return 200, {"token": token, "access_token": token, "expires_in": self.life}

    def refresh(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and body for a POST."""
        if not self._gives_identity_tokens:
            return 404, {"details": "not found"}
        with self._lock:
            user = self.identities.pop(form.get("refresh_token", ""), None)
        if form.get("grant_type") != "refresh_token" or not form.get("client_id") or user is None:
            return 401, {"details": "unknown refresh token"}
        allowed = [scope for scope in form.get("scope", "").split() if self._may(user, scope)]
        token = self.token(form.get("service", ""), allowed, subject=user)
        following = self.identity_token(user)
        return 200, {"access_token": token, "expires_in": self.life, "refresh_token": following, "scope": ""}

    def identity_token(self, user: str) -> str:
        token = f"identity-{uuid.uuid4().hex}"
        with self._lock:
            self.identities[token] = user
        return token

    def _user(self, authorization: str) -> str | None:
        """Who asks; an empty string is nobody in particular, None somebody who says a wrong password."""
        scheme, _, value = authorization.partition(" ")
        if not authorization:
            return ""
        name, _, password = base64.b64decode(value).decode().partition(":")
        return name if scheme.lower() == "basic" and self.users.get(name) == password else None

    def _may(self, user: str, scope: str) -> bool:
        kind, name, actions = scope.split(":", 2)
        allowed = self.private.get(name)
        return kind == "repository" and actions == "pull" and (allowed is None or user in allowed)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = parse_qs(url.query)
                authorization = self.headers.get("Authorization", "")
                # A scope parameter may be repeated, and may hold several scopes with spaces between them.
                scopes = tuple(scope for value in query.get("scope", ()) for scope in value.split())
                name = query.get("service", [""])[0]
                status, body = service.answer(name, scopes, authorization)
                user = service._user(authorization)
                if user and service._gives_identity_tokens and query.get("offline_token") == ["true"]:
                    body["refresh_token"] = service.identity_token(user)
                if url.path != "/token":
                    status, body = 404, {"details": "not found"}
                self._answer(status, body, name, scopes, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                scopes = tuple(form.get("scope", "").split())
                status, answer = service.refresh(form)
                self._answer(status, answer, form.get("service", ""), scopes, form)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
                pass

            def _answer(
                self, status: int, answer: object, name: str, scopes: tuple[str, ...], form: Mapping[str, str]
            ) -> None:
                authorization = self.headers.get("Authorization", "")
                request = TokenRequest(
                    method=self.command,
                    service=name,
                    scopes=scopes,
                    authorization=authorization,
                    form=form,
                    status=status,
                )
                with service._lock:
                    service._asked.append(request)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def _access(scope: str) -> dict[str, object]:
    kind, name, actions = scope.split(":", 2)
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _part(value: object) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
