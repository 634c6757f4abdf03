"""HTTP by libcurl: one easy handle a request at a time, name look-ups and TLS sessions shared by all."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TypeAlias

import pycurl

from dget.errors import DgetError, NetworkError
from dget.flow import ByteSink, Cancel
from dget.protocol.http import Headers, Request, Response
from dget.transport.curl_errors import network_error
from dget.transport.options import TransportOptions
from dget.transport.protocol import ResponseSink
from dget.transport.sockets import OpenSockets
from dget.transport.trust import TrustStore, trust_store

# Callbacks get 16 KB pieces whatever this says, yet it cuts their cost to a fifth.
_BUFFER = 512 * 1024
_BODY_MAX = 8 * 1024 * 1024
_CONNECT_TIMEOUT = 20.0
_HEADERS_MAX = 500
# CURLOPT_SUPPRESS_CONNECT_HEADERS, which pycurl does not name: a proxy's own answer is none of the sink's business.
_SUPPRESS_CONNECT_HEADERS = 265

Watch: TypeAlias = Callable[[pycurl.Curl], None]


class CurlTransport:
    """A Transport. Threads may use it together."""

    def __init__(self, options: TransportOptions, *, watch: Watch | None = None) -> None:
        """watch: is shown the handle after each request. Raises UsageError for a file that cannot be used."""
        self._watch = watch
        self._options = options
        self._trust = trust_store(options.ca_file, options.environment)
        self._share = pycurl.CurlShare()
        self._share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_DNS)
        self._share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_SSL_SESSION)
        # The handle that was used last has the connection that is the most likely to be alive.
        self._idle: LifoQueue[_Handle] = LifoQueue()

    def send(self, request: Request, sink: ResponseSink | None = None, *, cancel: Cancel) -> Response:
        cancel.check()
        handle = self._take()
        try:
            return handle.perform(request, sink, cancel)
        finally:
            self._idle.put(handle)

    def close(self) -> None:
        """Ends the idle connections."""
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def _take(self) -> "_Handle":
        try:
            return self._idle.get_nowait()
        except Empty:
            return _Handle(self._options, self._trust, self._share, self._watch)


class _Handle:
    """An easy handle with its kept-alive connections, for one thread at a time."""

    def __init__(
        self, options: TransportOptions, trust: TrustStore, share: pycurl.CurlShare, watch: Watch | None
    ) -> None:
        self._watch = watch
        self._sockets = OpenSockets()
        self._curl = pycurl.Curl()
        self._curl.setopt(pycurl.SHARE, share)
        self._base = _base_options(options, trust, self._sockets)

    def perform(self, request: Request, sink: ResponseSink | None, cancel: Cancel) -> Response:
        # reset() keeps the connections and the share, and forgets the last request's options.
        self._curl.reset()
        for option, value in self._base:
            self._curl.setopt(option, value)
        _set_request(self._curl, request)
        if self._watch:
            self._curl.setopt(pycurl.OPT_CERTINFO, 1)
        answer = _Answer(sink)
        self._curl.setopt(pycurl.HEADERFUNCTION, answer.header)
        self._curl.setopt(pycurl.WRITEFUNCTION, answer.write)
        with cancel.on_cancel(self._sockets.shut):
            try:
                self._curl.perform()
            except pycurl.error as error:
                cancel.check()
                if answer.failure is not None:
                    raise answer.failure from None
                raise network_error(int(error.args[0]), str(error.args[-1]), request.url) from None
            finally:
                if self._watch:
                    self._watch(self._curl)
                # Lets go of the sink. Not by reset(): libcurl closes its sockets through our callbacks later on.
                self._curl.setopt(pycurl.HEADERFUNCTION, _ignore)
                self._curl.setopt(pycurl.WRITEFUNCTION, _ignore)
        cancel.check()
        return answer.response()

    def close(self) -> None:
        self._curl.close()


def _ignore(data: bytes) -> None:
    """Takes what nobody waits for."""


class _Answer:
    """Takes what arrives. What its callbacks raise is kept, since pycurl would print and lose it."""

    def __init__(self, sink: ResponseSink | None) -> None:
        self.failure: BaseException | None = None
        self._sink = sink
        self._status = 0
        self._fields: list[tuple[str, str]] = []
        self._target: ByteSink | None = None
        self._body: list[bytes] = []
        self._body_size = 0

    def header(self, line: bytes) -> int | None:
        return self._guarded(self._take_header, line)

    def write(self, data: bytes) -> int | None:
        return self._guarded(self._take_body, data)

    def response(self) -> Response:
        return Response(status=self._status, headers=Headers.of(self._fields), body=b"".join(self._body))

    def _guarded(self, take: Callable[[bytes], None], data: bytes) -> int | None:
        try:
            take(data)
        except BaseException as error:  # noqa: BLE001 - raised again after perform
            self.failure = error
            return -1
        return None

    def _take_header(self, line: bytes) -> None:
        text = line.decode("latin-1").rstrip("\r\n")
        if text.startswith("HTTP/"):
            self._status = int(text.split(None, 2)[1])
            self._fields = []
        elif text:
            name, _, value = text.partition(":")
            self._fields.append((name.strip(), value.strip()))
            if len(self._fields) > _HEADERS_MAX:
                raise NetworkError(f"the server sent more than {_HEADERS_MAX} header fields")
        elif self._status >= 200 and self._sink is not None:
            self._target = self._sink.begin(self._status, Headers.of(self._fields))

    def _take_body(self, data: bytes) -> None:
        if self._target is not None:
            self._target.write(data)
            return
        self._body_size += len(data)
        if self._body_size > _BODY_MAX:
            raise NetworkError(
                f"the server's answer is larger than {_BODY_MAX >> 20} MB where a short one was expected"
            )
        self._body.append(data)


def _base_options(options: TransportOptions, trust: TrustStore, sockets: OpenSockets) -> list[tuple[int, object]]:
    base: list[tuple[int, object]] = [
        (pycurl.NOSIGNAL, 1),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.FOLLOWLOCATION, 0),
        (_SUPPRESS_CONNECT_HEADERS, 1),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
        (pycurl.BUFFERSIZE, _BUFFER),
        (pycurl.USERAGENT, options.user_agent),
        (pycurl.CONNECTTIMEOUT_MS, int(min(_CONNECT_TIMEOUT, options.timeout) * 1000)),
        (pycurl.LOW_SPEED_LIMIT, 1),
        (pycurl.LOW_SPEED_TIME, max(1, round(options.timeout))),
        (pycurl.OPENSOCKETFUNCTION, sockets.open),
        (pycurl.CLOSESOCKETFUNCTION, sockets.close),
        (pycurl.SSL_VERIFYPEER, int(options.verify_tls)),
        (pycurl.SSL_VERIFYHOST, 2 if options.verify_tls else 0),
    ]
    if options.resolve:
        base.append((pycurl.RESOLVE, list(options.resolve)))
    if options.proxy is not None:
        base.append((pycurl.PROXY, options.proxy))
        base.append((pycurl.PROXYAUTH, pycurl.HTTPAUTH_ANY))
    return base + _certificate_options(options, trust)


def _certificate_options(options: TransportOptions, trust: TrustStore) -> list[tuple[int, object]]:
    chosen: list[tuple[int, Path | str | bytes | int | None]] = [
        (pycurl.CAINFO, trust.file),
        (pycurl.CAPATH, trust.folder),
        (pycurl.CAINFO_BLOB, trust.own),
        (pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA if trust.native else None),
        (pycurl.SSLCERT, options.client_certificate),
        (pycurl.SSLKEY, options.client_key),
    ]
    return [(option, str(value) if isinstance(value, Path) else value) for option, value in chosen if value is not None]


def _set_request(curl: pycurl.Curl, request: Request) -> None:
    curl.setopt(pycurl.URL, request.url)
    if request.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
    elif request.method == "POST":
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.COPYPOSTFIELDS, request.body)
    elif request.method != "GET":
        raise DgetError(f"dget sends no {request.method} requests")
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {_one_line(value)}" for name, value in request.headers])


def _one_line(value: str) -> str:
    # A line break would begin a header of somebody else's making.
    if "\r" in value or "\n" in value:
        raise NetworkError("a server's answer led to a header with a line break in it: refused")
    return value
