"""One request, with what is seen on its way: name look-up, connection, TLS, answer."""

from collections.abc import Sequence
from enum import Enum

import msgspec
import pycurl

from dget.errors import NetworkError, ProxyError
from dget.flow import Cancel
from dget.protocol.http import Request, Response
from dget.transport.curl import CurlTransport
from dget.transport.curl_errors import CurlError, tls_not_spoken
from dget.transport.options import TransportOptions

# CURLINFO_USED_PROXY, which pycurl does not name.
_USED_PROXY = 0x200000 + 66


class Stage(Enum):
    """Where a request's way ended."""

    PROXY = "proxy"
    DNS = "DNS"
    TCP = "TCP"
    TLS = "TLS"
    ANSWER = "answer"


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """subject, issuer: distinguished names; expires: as OpenSSL writes it."""

    subject: str
    issuer: str
    expires: str


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What libcurl says of a way. Seconds from the start, 0 for what was not reached; address: who was connected to.

    proxied: whether that was a proxy.
    """

    address: str = ""
    looked_up: float = 0.0
    connected: float = 0.0
    secured: float = 0.0
    answered: float = 0.0
    proxied: bool = False
    certificates: tuple[Certificate, ...] = ()


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """response: the answer; error: why there is none."""

    url: str
    way: Way
    response: Response | None = None
    error: NetworkError | None = None

    @property
    def speaks_no_tls(self) -> bool:
        """Whether the other side took a TLS greeting for nonsense, as a server of plain HTTP does."""
        return self.error is not None and tls_not_spoken(self.error)

    @property
    def stage(self) -> Stage:
        """Where it ended: at the answer, or at what failed."""
        number = self.error.number if isinstance(self.error, CurlError) else 0
        if self.error is None:
            return Stage.ANSWER
        tls = self.url.startswith("https:")
        if isinstance(self.error, ProxyError):
            return Stage.PROXY
        if number == pycurl.E_COULDNT_RESOLVE_HOST or not self.way.looked_up:
            return Stage.DNS
        if not self.way.connected:
            return Stage.TCP
        return Stage.TLS if tls and not self.way.secured else Stage.ANSWER


def probe(url: str, options: TransportOptions, *, cancel: Cancel) -> Probe:
    """Asks for `url` over a connection of its own. Raises Cancelled, and UsageError for options that make no sense."""
    ways: list[Way] = []
    transport = CurlTransport(options, watch=lambda curl: ways.append(_way(curl)))
    try:
        response = transport.send(Request(url=url), cancel=cancel)
    except NetworkError as error:
        return Probe(url=url, way=ways[-1] if ways else Way(), error=error)
    finally:
        transport.close()
    return Probe(url=url, way=ways[-1], response=response)


def library() -> str:
    """What does HTTP and TLS, for those who help."""
    return str(pycurl.version)


def _way(curl: pycurl.Curl) -> Way:
    return Way(
        address=curl.getinfo(pycurl.PRIMARY_IP) or "",
        looked_up=curl.getinfo(pycurl.NAMELOOKUP_TIME),
        connected=curl.getinfo(pycurl.CONNECT_TIME),
        secured=curl.getinfo(pycurl.APPCONNECT_TIME),
        answered=curl.getinfo(pycurl.STARTTRANSFER_TIME),
        proxied=bool(curl.getinfo(_USED_PROXY)),
        certificates=tuple(_certificate(fields) for fields in curl.getinfo(pycurl.INFO_CERTINFO)),
    )


def _certificate(fields: Sequence[tuple[str, str]]) -> Certificate:
    named = dict(fields)
    return Certificate(
        subject=named.get("Subject", ""), issuer=named.get("Issuer", ""), expires=named.get("Expire date", "")
    )
