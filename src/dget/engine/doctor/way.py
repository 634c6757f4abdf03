"""The way to a registry: proxy, DNS, TCP, TLS, read from one probe."""

import re
from collections.abc import Iterator

import msgspec

from dget.engine.doctor.finding import Finding
from dget.errors import NetworkError
from dget.protocol.origin import host_of, is_loopback, origin
from dget.transport.probe import Certificate, Probe, Stage

_STAGES = (Stage.PROXY, Stage.DNS, Stage.TCP, Stage.TLS, Stage.ANSWER)
# Products that open TLS on the way, by what they write into their certificates.
_INTERCEPTORS = re.compile(
    r"Avast|AVG|Barracuda|Blue ?Coat|Burp|Check ?Point|Cisco Umbrella|ESET|Forcepoint|Forti(?:net|gate)|Kaspersky|"
    r"McAfee|mitmproxy|Netskope|Palo Alto|PortSwigger|Sangfor|Skyhigh|Sophos|Squid|Symantec Web|Untangle|WatchGuard|"
    r"Zscaler",
    re.IGNORECASE,
)
_OF_TIME = ("expired", "not yet valid")


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """proxy: as the person knows it, without secrets; clock: what this machine believes the time to be.

    verified: whether certificates are checked.
    """

    proxy: str | None
    clock: str
    verified: bool = True

    @property
    def the_proxy(self) -> str:
        return f"the proxy {self.proxy}" if self.proxy else "a proxy"


def way_findings(probe: Probe, around: Circumstances) -> Iterator[Finding]:
    """What each step of the way found, as far as it went."""
    reached = _STAGES.index(probe.stage)
    checks = (_proxy, _dns, _tcp, _tls)
    for place, check in enumerate(checks[: reached + 1]):
        failure = probe.error if place == reached else None
        yield check(probe, failure, around)


def _proxy(probe: Probe, failure: NetworkError | None, around: Circumstances) -> Finding:
    if failure:
        return Finding.problem("proxy", failure)
    return Finding.ok("proxy", f"through {around.the_proxy}" if probe.way.proxied else "none is used")


def _dns(probe: Probe, failure: NetworkError | None, around: Circumstances) -> Finding:
    host = origin(probe.url)[1]
    if failure:
        return Finding.problem("DNS", failure)
    if probe.way.proxied:
        return Finding.ok("DNS", f"left to {around.the_proxy}")
    address = probe.way.address
    if address in ("", host):
        return Finding.ok("DNS", f"{host} was found" if not address else f"{host} is an address itself")
    return Finding.ok("DNS", f"{host} is at {address} ({_ms(probe.way.looked_up)})")


def _tcp(probe: Probe, failure: NetworkError | None, around: Circumstances) -> Finding:
    if failure:
        return Finding.problem("TCP", failure)
    whom = around.the_proxy if probe.way.proxied else host_of(probe.url)
    return Finding.ok("TCP", f"{whom} takes connections ({_ms(probe.way.connected - probe.way.looked_up)})")


def _tls(probe: Probe, failure: NetworkError | None, around: Circumstances) -> Finding:
    issuer = _issuer(probe.way.certificates)
    if failure:
        advice = failure.hint
        if any(word in failure.message for word in _OF_TIME):
            advice = (
                f"is this machine's clock right? It says {around.clock}; else the host's certificate must be renewed"
            )
        text = f"{failure.message}{f'; issued by {issuer}' if issuer else ''}"
        return Finding.problem("TLS", failure, text=_with_interceptor(text, issuer), advice=advice)
    if not probe.url.startswith("https:"):
        host = origin(probe.url)[1]
        if is_loopback(host):
            return Finding.ok("TLS", "none, on this machine itself")
        return Finding.warning(
            "TLS", f"none: {host} is asked in the clear", "anyone in between reads passwords; let it have a certificate"
        )
    if not around.verified:
        return Finding.warning(
            "TLS", f"not checked (insecure); issued by {issuer}", "anyone in between may pose as the registry"
        )
    expires = probe.way.certificates[0].expires if probe.way.certificates else ""
    text = f"trusted; issued by {issuer}{f', until {expires}' if expires else ''}"
    if _INTERCEPTORS.search(issuer):
        return Finding.warning(
            "TLS", _with_interceptor(text, issuer), "it reads everything; where pulls fail, ask for an exception"
        )
    return Finding.ok("TLS", text)


def _with_interceptor(text: str, issuer: str) -> str:
    return f"{text}, which opens TLS on the way" if _INTERCEPTORS.search(issuer) else text


def _issuer(certificates: tuple[Certificate, ...]) -> str:
    """Of the host's own certificate; it says whose interception it is, where it is one."""
    if not certificates:
        return ""
    own = certificates[0]
    return "itself" if own.issuer == own.subject else own.issuer


def _ms(seconds: float) -> str:
    return f"{max(seconds, 0) * 1000:.0f} ms"
