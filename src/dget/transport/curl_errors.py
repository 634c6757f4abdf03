"""libcurl's error numbers, in words for the person."""

import re
from typing import NamedTuple

import pycurl

from dget.errors import NetworkError
from dget.protocol.origin import host_of, origin

# CURLE_PROXY, which pycurl does not name.
_E_PROXY = 97
_BROKEN_OFF = frozenset(
    (
        pycurl.E_GOT_NOTHING,
        pycurl.E_HTTP2,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_RECV_ERROR,
        pycurl.E_SEND_ERROR,
    )
)


def tls_not_spoken(number: int) -> bool:
    """Errors that a server which speaks plain HTTP gives to a TLS greeting."""
    return number in (pycurl.E_SSL_CONNECT_ERROR, pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR)


_TRY_AGAIN = "try again: dget goes on where it stopped; a proxy or firewall in between may be at fault"
# How libcurl says whom it could not connect to.
_PEER = re.compile(r"connect to (\S+) port (\d+)")


class _Words(NamedTuple):
    """How an error is told. message: with `{host}` and `{cause}`; temporary: whether trying again may help."""

    message: str
    hint: str | None = None
    temporary: bool = False


_WORDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: _Words(
        "the host name {host} cannot be found",
        "check its spelling and the network; behind a filtered DNS, --resolve HOST:PORT:ADDR helps",
        temporary=True,
    ),
    pycurl.E_COULDNT_RESOLVE_PROXY: _Words(
        "the proxy's host name cannot be found", "check -proxy and the environment's HTTPS_PROXY"
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
    pycurl.E_SSL_CERTPROBLEM: _Words("the client certificate cannot be used ({cause})", "check --cert and --key"),
    pycurl.E_SSL_CACERT_BADFILE: _Words("the CA file cannot be used ({cause})", "check --ca-file"),
    pycurl.E_URL_MALFORMAT: _Words("{host} is no address that dget can ask ({cause})", "check the name and -proxy"),
    pycurl.E_UNSUPPORTED_PROTOCOL: _Words(
        "{host} is no address that dget can ask ({cause})", "check the name and -proxy"
    ),
    _E_PROXY: _Words("the proxy refused the connection to {host} ({cause})", "check -proxy", temporary=True),
    **dict.fromkeys(_BROKEN_OFF, _Words("{host} broke off the connection ({cause})", _TRY_AGAIN, temporary=True)),
}
_NO_PROXY_THERE = _Words(
    "cannot connect to the proxy {host} ({cause})", "check -proxy and the environment's HTTPS_PROXY", temporary=True
)
_OTHER = _Words("the request to {host} failed: {cause}", _TRY_AGAIN, temporary=True)


def network_error(number: int, text: str, url: str) -> "CurlError":
    """number, text: as libcurl gave them."""
    words = _WORDS.get(number, _OTHER)
    host = host_of(url)
    peer = _PEER.search(text)
    if number == pycurl.E_COULDNT_CONNECT and peer and peer[1] != origin(url)[1]:
        words, host = _NO_PROXY_THERE, f"{peer[1]}:{peer[2]}"
    # What libcurl says after the last colon is the cause.
    cause = text.rpartition(": ")[2].strip() or text
    message = words.message.format(host=host, cause=cause)
    return CurlError(number, message, hint=words.hint, temporary=words.temporary)


class CurlError(NetworkError):
    """number: libcurl's `CURLE_…`."""

    def __init__(self, number: int, message: str, *, hint: str | None = None, temporary: bool = False) -> None:
        super().__init__(message, hint=hint, temporary=temporary)
        self.number = number
