"""What a proxy does not let through, in words for the person."""

import pycurl

from dget.config.proxy import Proxy
from dget.errors import ProxyError

_KNOWN_LOG_INS = pycurl.HTTPAUTH_BASIC | pycurl.HTTPAUTH_DIGEST | pycurl.HTTPAUTH_GSSNEGOTIATE
_WITH_PASSWORD = pycurl.HTTPAUTH_BASIC | pycurl.HTTPAUTH_DIGEST
# tinyproxy says 401 for a wrong password, 407 for none.
_LOG_IN_WANTED = (401, 407)

# libcurl's CURLPX_…: what a SOCKS proxy answers.
_SOCKS_NO_LOG_IN = 12
_SOCKS_LOG_IN_REFUSED = frozenset((7, 8, 33))
_SOCKS_NOT_ALLOWED = 23
# SOCKS 4 gives no reason.
_SOCKS_4_REJECTED = 26
_SOCKS_REASONS = {
    _SOCKS_4_REJECTED: "it does not allow it, or does not reach the host",
    19: "the host refuses the connection",
    20: "it has a failure of its own",
    21: "it does not reach the host, or does not know its name",
    22: "it does not reach the host's network",
    24: "the way to the host is too long",
    27: "it does not know the host's name",
}


def refused(status: int, offered: int, proxy: Proxy, host: str) -> ProxyError:
    """status: of the proxy's own answer, to CONNECT or to a plain HTTP request; offered: log-ins, as `HTTPAUTH_…`."""
    if status in _LOG_IN_WANTED:
        message, hint = _log_in(offered, proxy)
        return ProxyError(message, proxy=proxy.address, status=status, hint=hint)
    if status >= 500:
        return ProxyError(
            f"the proxy {proxy.address} could not connect to {host} ({status})",
            hint="check the host's name; if that is right, whoever runs the proxy can say why",
            proxy=proxy.address,
            status=status,
            temporary=True,
        )
    return ProxyError(
        f"the proxy {proxy.address} does not allow connections to {host} ({status})",
        hint=f"whoever runs the proxy can allow them; {_way_round(proxy)}",
        proxy=proxy.address,
        status=status,
    )


def socks_refused(reply: int, text: str, proxy: Proxy, host: str) -> ProxyError:
    """reply: libcurl's `CURLPX_…`; text: its words."""
    hint = f"check {proxy.named_by}; {_way_round(proxy)}"
    message = f"the proxy {proxy.address} did not connect to {host} ({text})"
    temporary = False
    if reply == _SOCKS_NO_LOG_IN and not proxy.username:
        message, hint = f"the proxy {proxy.address} wants a name and a password", _how_to_name(proxy)
    elif reply == _SOCKS_NO_LOG_IN:
        message = f"the proxy {proxy.address} takes no name and password"
        hint = "it may want another kind of log-in, which dget has not for SOCKS"
    elif reply in _SOCKS_LOG_IN_REFUSED:
        message = f"the proxy {proxy.address} refused the name or the password"
        hint = f"check those in {proxy.named_by}"
    elif reply == _SOCKS_NOT_ALLOWED:
        message = f"the proxy {proxy.address} does not allow connections to {host}"
        hint = f"whoever runs the proxy can allow them; {_way_round(proxy)}"
    elif reason := _SOCKS_REASONS.get(reply):
        message = f"the proxy {proxy.address} did not connect to {host}: {reason}"
        temporary = reply != _SOCKS_4_REJECTED
    return ProxyError(message, hint=hint, proxy=proxy.address, temporary=temporary)


def _log_in(offered: int, proxy: Proxy) -> tuple[str, str]:
    """Message and hint."""
    name = f"the proxy {proxy.address}"
    if not offered & _KNOWN_LOG_INS:
        return (
            f"{name} offers no log-in but NTLM, or another that dget does not have",
            "run a local relay that has it, such as cntlm or px, and name that: -proxy http://127.0.0.1:3128",
        )
    if not offered & _WITH_PASSWORD:
        return (
            f"{name} wants a Kerberos log-in (Negotiate), and there is no ticket that it takes",
            "get one with kinit; or run a local relay, such as cntlm or px, and name that: -proxy http://127.0.0.1:3128",
        )
    if proxy.username:
        return f"{name} refused the name or the password", f"check those in {proxy.named_by}"
    return f"{name} wants a name and a password", _how_to_name(proxy)


def _how_to_name(proxy: Proxy) -> str:
    return (
        f"write them into {proxy.named_by}: {proxy.scheme}://NAME:PASSWORD@{proxy.address}, special characters as %XX"
    )


def _way_round(proxy: Proxy) -> str:
    if proxy.named_by == "-proxy":
        return "--no-proxy HOST reaches a host without the proxy"
    return "NO_PROXY=HOST reaches a host without the proxy"
