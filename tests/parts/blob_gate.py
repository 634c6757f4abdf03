"""What stands before a registry whose blobs lie at a CDN: it answers a blob's GET with a signed URL that expires."""

import base64
import contextlib
import hashlib
import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ANSWERED_WITHIN = 30.0


class BlobGate:
    """Runs from construction until `stop`; in plain HTTP, on 127.0.0.1.

    It asks the registry, with the client's own Authorization, whether the blob is there and may be had; only then it
    signs. life: of a link, in seconds; stale: so many links to come have expired before they are given out.
    """

    def __init__(self, registry: str, *, base: str, secret: str, life: int = 300) -> None:
        """registry: host and port; base: what comes before a blob's path in the URL; secret: see `signed_location`."""
        self.life = life
        self.stale = 0
        self.rate: int | None = None
        self._registry = registry
        self._base = base
        self._secret = secret
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def link(self, digest: str) -> str:
        """A signed URL: MD5 of expiry, path and secret, as nginx's secure_link module checks it."""
        with self._lock:
            expires = int(time.time()) + (-60 if self.stale > 0 else self.life)
            self.stale = max(0, self.stale - 1)
        path = blob_path(digest)
        signature = hashlib.md5(f"{expires}{path} {self._secret}".encode()).digest()
        verify = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
        rate = f"&rate={self.rate}" if self.rate else ""
        return f"{self._base}{path}?expires={expires}&verify={verify}{rate}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                # A client may go away before its answer.
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def do_GET(self) -> None:
                status, headers, body = gate._ask("HEAD", self.path, self.headers.get("Authorization"))
                if status == 200:
                    self._answer(307, {"Location": gate.link(self.path.rpartition("/")[2])}, b"")
                    return
                # An answer to HEAD has no body: the registry's words are in the one to GET.
                status, headers, body = gate._ask("GET", self.path, self.headers.get("Authorization"))
                self._answer(status, headers, body)

            def do_HEAD(self) -> None:
                status, headers, _ = gate._ask("HEAD", self.path, self.headers.get("Authorization"))
                self._answer(status, headers, None)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
                pass

            def _answer(self, status: int, headers: dict[str, str], body: bytes | None) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if body is not None:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body or b"")

        return Handler

    def _ask(self, method: str, path: str, authorization: str | None) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self._registry, timeout=_ANSWERED_WITHIN)
        try:
            connection.request(method, path, headers={"Authorization": authorization} if authorization else {})
            answer = connection.getresponse()
            kept = ("Content-Type", "Docker-Content-Digest", "WWW-Authenticate")
            headers = {name: value for name in kept if (value := answer.getheader(name))}
            return answer.status, headers, answer.read()
        finally:
            connection.close()


def blob_path(digest: str) -> str:
    """Where distribution's filesystem driver keeps a blob, below its root directory."""
    algorithm, _, encoded = digest.partition(":")
    return f"/docker/registry/v2/blobs/{algorithm}/{encoded[:2]}/{encoded}/data"


def signed_location(secret: str, *lines: str) -> str:
    """nginx's side of a link: what is not signed, or no longer, is refused with 403. lines: what else stands there."""
    own = [
        "secure_link $arg_verify,$arg_expires;",
        f'secure_link_md5 "$secure_link_expires$uri {secret}";',
        'if ($secure_link != "1") { return 403; }',
        "if ($arg_rate) { set $limit_rate $arg_rate; }",
    ]
    return "\n        ".join(["location / {", *own, *lines]) + "\n    }"
