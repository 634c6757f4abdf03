"""What libcurl is told: once for a handle, and for each request by where it goes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import pycurl

from dget.config.proxy import Proxy
from dget.config.resolve import Pin
from dget.config.tls import HostTls
from dget.errors import DgetError, NetworkError
from dget.protocol.http import Request
from dget.transport.options import TransportOptions
from dget.transport.sockets import OpenSockets
from dget.transport.trust import TrustStore

CurlOptions: TypeAlias = list[tuple[int, object]]

# Of one read from a socket. After so many of them at most what came is handed on.
_BUFFER, _BUFFER_MIN = 64 << 10, 1 << 10
_READS = 11
_CONNECT_TIMEOUT = 20.0
# A short answer that trickles in takes so many times the silence that is borne.
_WHOLE_ANSWER_TIMES = 10
# CURLOPT_SUPPRESS_CONNECT_HEADERS, which pycurl does not name: a proxy's own answer is none of the sink's business.
_SUPPRESS_CONNECT_HEADERS = 265


def handle_options(options: TransportOptions, sockets: OpenSockets) -> CurlOptions:
    base: CurlOptions = [
        (pycurl.NOSIGNAL, 1),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.FOLLOWLOCATION, 0),
        (_SUPPRESS_CONNECT_HEADERS, 1),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
        (pycurl.BUFFERSIZE, _buffer_size(options.limit_rate)),
        (pycurl.USERAGENT, options.user_agent),
        (pycurl.CONNECTTIMEOUT_MS, int(min(_CONNECT_TIMEOUT, options.timeout) * 1000)),
        (pycurl.LOW_SPEED_LIMIT, 1),
        (pycurl.LOW_SPEED_TIME, max(1, round(options.timeout))),
        (pycurl.OPENSOCKETFUNCTION, sockets.open),
        (pycurl.CLOSESOCKETFUNCTION, sockets.close),
    ]
    if options.pins:
        base.append((pycurl.RESOLVE, [f"{pin.host}:{pin.port}:{','.join(pin.addresses)}" for pin in options.pins]))
    return base


def _buffer_size(limit_rate: float | None) -> int:
    # Under a limit, a connection is not read while what came is waited off: an eighth of a second's worth at once.
    return _BUFFER if limit_rate is None else max(_BUFFER_MIN, min(_BUFFER, int(limit_rate / 8 / _READS)))


def request_options(request: Request) -> CurlOptions:
    """Raises NetworkError for a header with a line break in it."""
    chosen: CurlOptions = [
        (pycurl.URL, request.url),
        (pycurl.HTTPHEADER, [f"{name}: {_one_line(value)}" for name, value in request.headers]),
    ]
    if request.method == "HEAD":
        chosen.append((pycurl.NOBODY, 1))
    elif request.method == "POST":
        chosen += [(pycurl.POST, 1), (pycurl.COPYPOSTFIELDS, request.body)]
    elif request.method != "GET":
        raise DgetError(f"dget sends no {request.method} requests")
    return chosen


def short_answer_options(timeout: float) -> CurlOptions:
    """For an answer that no sink takes. timeout: seconds without a byte."""
    return [(pycurl.TIMEOUT_MS, int(timeout * _WHOLE_ANSWER_TIMES * 1000))]


def tls_options(tls: HostTls, trust: TrustStore) -> CurlOptions:
    return [
        (pycurl.SSL_VERIFYPEER, int(tls.verify)),
        (pycurl.SSL_VERIFYHOST, 2 if tls.verify else 0),
        *_bundle(pycurl.CAINFO, trust),
        *_given(
            (pycurl.CAINFO_BLOB, trust.own),
            (pycurl.CAPATH, trust.folder),
            (pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA if trust.native else None),
            (pycurl.SSLCERT, tls.client_certificate),
            (pycurl.SSLKEY, tls.client_key or tls.client_certificate),
            # A key under a password is an error: without this, OpenSSL would ask for it on the terminal.
            (pycurl.KEYPASSWD, "" if tls.client_certificate else None),
        ),
    ]


def proxy_options(proxy: Proxy, trust: TrustStore, pins: Sequence[Pin]) -> CurlOptions:
    """trust: of the proxy. Its certificate is checked even where the host's is not: it gets a password of its own."""
    return [
        (pycurl.PROXY, proxy.url),
        (pycurl.NOPROXY, ""),
        # Without a name this is Negotiate, which takes it from a Kerberos ticket.
        (pycurl.PROXYAUTH, pycurl.HTTPAUTH_ANY),
        *_log_in(proxy),
        (pycurl.PROXY_SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
        *_bundle(pycurl.PROXY_CAINFO, trust),
        *_given(
            (pycurl.PROXY_CAINFO_BLOB, trust.own),
            (pycurl.PROXY_CAPATH, trust.folder),
            (pycurl.PROXY_SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA if trust.native else None),
        ),
        *([(pycurl.CONNECT_TO, [_connect_to(pin) for pin in pins])] if pins else []),
    ]


def direct_options() -> CurlOptions:
    """No proxy, whatever the environment says: that was read already."""
    return [(pycurl.PROXY, ""), (pycurl.NOPROXY, "*")]


def _bundle(option: int, trust: TrustStore) -> CurlOptions:
    # Where a folder takes its place, the bundle that libcurl's wheels know would be read too, by each connection: 5 ms.
    return [(option, None)] if trust.folder else _given((option, trust.file))


def _log_in(proxy: Proxy) -> CurlOptions:
    if not proxy.username and not proxy.is_http:
        return []
    # As bytes: pycurl takes text that is ASCII alone.
    return [(pycurl.PROXYUSERNAME, proxy.username.encode()), (pycurl.PROXYPASSWORD, proxy.password.encode())]


def _connect_to(pin: Pin) -> str:
    """A proxy that looks names up itself is asked for the address."""
    host = "" if pin.host == "*" else _bracketed(pin.host)
    return f"{host}:{pin.port}:{_bracketed(pin.addresses[0].strip('[]'))}:{pin.port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _given(*options: tuple[int, Path | str | bytes | int | None]) -> CurlOptions:
    return [
        (option, os.fsencode(value) if isinstance(value, Path | str) else value)
        for option, value in options
        if value is not None
    ]


def _one_line(value: str) -> str:
    # A line break would begin a header of somebody else's making.
    if "\r" in value or "\n" in value:
        raise NetworkError("a server's answer led to a header with a line break in it: refused")
    return value
