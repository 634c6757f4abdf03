"""libcurl's error numbers, in words for the person."""

from typing import NamedTuple

import pycurl

from dget.config.proxy import Proxy
from dget.errors import NetworkError, ProxyError
from dget.protocol.origin import host_of
from dget.transport import proxy_errors

# CURLE_PROXY, which pycurl does not name.
_E_PROXY = 97
_E_TOO_LARGE = 100
_NO_TLS = (pycurl.E_SSL_CONNECT_ERROR, pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR)
_BROKEN_OFF = frozenset(
    (
        pycurl.E_GOT_NOTHING,
        pycurl.E_HTTP2,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_RECV_ERROR,
        pycurl.E_SEND_ERROR,
    )
)


def tls_not_spoken(error: NetworkError) -> bool:
    """Errors that a server which speaks plain HTTP gives to a TLS greeting, or a proxy that lets none through."""
    if isinstance(error, ProxyError):
        return error.status == 403 or error.status >= 500
    return isinstance(error, CurlError) and error.number in _NO_TLS


def not_connected(error: NetworkError) -> bool:
    """Whether nobody listens there, or the way is closed."""
    return isinstance(error, CurlError) and error.number == pycurl.E_COULDNT_CONNECT


_TRY_AGAIN = "try again: dget goes on where it stopped; a proxy or firewall in between may be at fault"


class _Words(NamedTuple):
    """How an error is told. message: with `{host}`, `{text}` or its end, `{cause}`; temporary: whether trying again may help."""

    message: str
    hint: str | None = None
    temporary: bool = False


_NO_CLIENT_CERTIFICATE = _Words(
    "the client certificate for {host} cannot be used: {text}",
    "both files are in PEM form, they belong together, and the key has no password (openssl pkey -in KEY -out NEW "
    "takes it off)",
)
_WORDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: _Words(
        "the host name {host} cannot be found",
        "check its spelling and the network; behind a filtered DNS, --resolve HOST:PORT:ADDR helps",
        temporary=True,
    ),
    pycurl.E_COULDNT_CONNECT: _Words(
        "cannot connect to {host} ({cause})",
        "check the address and the network; behind a company proxy, give -proxy URL",
        temporary=True,
    ),
    pycurl.E_OPERATION_TIMEDOUT: _Words("{host} went silent", "a longer --timeout SECONDS may help", temporary=True),
    pycurl.E_PEER_FAILED_VERIFICATION: _Words(
        "the TLS certificate of {host} is not trusted ({cause})",
        "name its authority with --ca-file PEM, or use --insecure where you know the network",
    ),
    pycurl.E_SSL_CONNECT_ERROR: _Words(
        "{host} and dget found no common TLS ({cause})",
        "is it the right port? Something in between may be at fault",
        temporary=True,
    ),
    pycurl.E_SSL_CERTPROBLEM: _NO_CLIENT_CERTIFICATE,
    # This is what it says of a key.
    pycurl.E_BAD_FUNCTION_ARGUMENT: _NO_CLIENT_CERTIFICATE,
    # Of a file that was named, and of the system's where there is none: small containers come without.
    pycurl.E_SSL_CACERT_BADFILE: _Words(
        "the certificate authorities that {host} is checked by cannot be read ({cause})",
        "install the system's (package ca-certificates), or name them with --ca-file PEM",
    ),
    pycurl.E_URL_MALFORMAT: _Words("{host} is no address that dget can ask ({cause})", "check the name and -proxy"),
    # Not only of an address: an answer without a status line counts as HTTP 0.9.
    pycurl.E_UNSUPPORTED_PROTOCOL: _Words("{host} does not answer in HTTP ({cause})", "is it the right port?"),
    _E_TOO_LARGE: _Words("{host} sent more in its headers than any registry does: refused"),
    **dict.fromkeys(_BROKEN_OFF, _Words("{host} broke off the connection ({cause})", _TRY_AGAIN, temporary=True)),
}
_NO_NAME_IN_TIME = _Words(
    "nobody says in time where {host} is ({cause})",
    "is the network's name server there? --resolve HOST:PORT:ADDR does without it",
    temporary=True,
)
_OTHER = _Words("the request to {host} failed: {cause}", _TRY_AGAIN, temporary=True)


class Failure(NamedTuple):
    """What libcurl says of a transfer that failed.

    number, text: `CURLE_…` and its words; connect_status: HTTP status of a proxy's answer to CONNECT, or 0;
    offered_log_ins: of a proxy, `HTTPAUTH_…`; socks_reply: `CURLPX_…`; proxy_untrusted: TLS with the proxy failed;
    connected: whether the host, or the proxy on the way to it, took the connection.
    """

    number: int
    text: str
    connect_status: int = 0
    offered_log_ins: int = 0
    socks_reply: int = 0
    proxy_untrusted: bool = False
    connected: bool = True


def error_of(failure: Failure, url: str, proxy: Proxy | None) -> NetworkError:
    """proxy: that the request was to go through."""
    if proxy and (error := _proxys_error(failure, host_of(url), proxy)):
        return error
    words = _words(failure)
    host = f"{host_of(url)} (through the proxy {proxy.address})" if proxy else host_of(url)
    message = words.message.format(host=host, text=failure.text, cause=_cause(failure.text))
    return CurlError(failure.number, message, hint=words.hint, temporary=words.temporary, connected=failure.connected)


def _words(failure: Failure) -> _Words:
    if failure.number != pycurl.E_OPERATION_TIMEDOUT or failure.connected:
        return _WORDS.get(failure.number, _OTHER)
    return _NO_NAME_IN_TIME if failure.text.startswith("Resolving") else _WORDS[pycurl.E_COULDNT_CONNECT]


def _proxys_error(failure: Failure, host: str, proxy: Proxy) -> NetworkError | None:
    """The error where the proxy is what failed."""
    if failure.connect_status >= 300:
        return proxy_errors.refused(failure.connect_status, failure.offered_log_ins, proxy, host)
    if failure.number == _E_PROXY:
        return proxy_errors.socks_refused(failure.socks_reply, failure.text.rstrip("."), proxy, host)
    if failure.proxy_untrusted:
        return ProxyError(
            f"the proxy {proxy.address} and dget found no common TLS, or its certificate is not trusted "
            f"({_cause(failure.text)})",
            hint=f"does it speak TLS? Then name its authority with --ca-file PEM; else write http:// in {proxy.named_by}",
            proxy=proxy.address,
        )
    hint = f"check {proxy.named_by}; is the proxy there, and is its kind {proxy.scheme}?"
    if failure.number == pycurl.E_COULDNT_RESOLVE_PROXY:
        return ProxyError(f"the proxy's host name {proxy.host} cannot be found", hint=hint, proxy=proxy.address)
    if failure.number == pycurl.E_COULDNT_CONNECT or not failure.connected:
        what = f"cannot connect to the proxy {proxy.address} ({_cause(failure.text)})"
        return ProxyError(what, hint=hint, proxy=proxy.address, temporary=True)
    return None


def _cause(text: str) -> str:
    """What libcurl says after the last colon."""
    return text.rpartition(": ")[2].strip() or text


class CurlError(NetworkError):
    """number: libcurl's `CURLE_…`; connected: whether the host took the connection."""

    def __init__(
        self,
        number: int,
        message: str,
        *,
        hint: str | None = None,
        temporary: bool = False,
        connected: bool = True,
    ) -> None:
        super().__init__(message, hint=hint, temporary=temporary)
        self.number = number
        self._connected = connected

    @property
    def unreachable(self) -> bool:
        if self.number == pycurl.E_OPERATION_TIMEDOUT:
            return not self._connected
        return self.number in (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT)
