"""Who a URL belongs to, and where a server may send us."""

import re
from urllib.parse import quote, urljoin, urlsplit

from dget.errors import NetworkError
from dget.protocol.addresses import Place, parse_address, place_of

_DEFAULT_PORT = {"http": 80, "https": 443}
# What libcurl might read as another host than we do (a backslash, %2e, full-width letters) is no host.
_HOST = r"(?a)[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?"
# 127.1, 0x7f000001 and the like: libcurl takes them for addresses (WHATWG URL standard, "ends in a number").
_NUMBER = r"(0[xX][0-9A-Fa-f]*|[0-9]+)"
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454); the port is filled in. Raises NetworkError for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in _DEFAULT_PORT or _UNFIT.search(url) or not _is_host(host):
        raise NetworkError(f"a server sent dget to an address that is not http or https: {show_url(url)!r}")
    return parts.scheme, host, port or _DEFAULT_PORT[parts.scheme]


def _is_host(host: str) -> bool:
    last = host.rstrip(".").rpartition(".")[2]
    return bool(re.fullmatch(_HOST, host)) and (not re.fullmatch(_NUMBER, last) or parse_address(host) is not None)


def host_of(url: str) -> str:
    """`host` or `host:port`, as it stands in the URL."""
    return urlsplit(url).netloc.rpartition("@")[2]


def redirected(url: str, location: str) -> str:
    """The URL that a redirect of `url` leads to.

    Raises NetworkError where it leads from https to plain http, from another host to a loopback or link-local address
    that is written out, or to something else than a web address. Where names lead is seen on connecting.
    """
    # As browsers and curl do: what a URL may not hold is encoded.
    try:
        target = urljoin(url, quote(location, safe="%/:=&?~#+!$,;'@()*[]"))
    except ValueError:
        raise NetworkError(f"{host_of(url)} redirects to an address that cannot be read: {location[:160]!r}") from None
    scheme, host, _ = origin(target)
    from_scheme, from_host, _ = origin(url)
    if from_scheme == "https" and scheme == "http":
        raise NetworkError(f"{host_of(url)} redirects from https to plain http ({show_url(target)}): refused")
    if host != from_host and _leads_inwards(host, from_host):
        raise NetworkError(f"{host_of(url)} redirects to a private address ({host}): refused")
    return target


def check_realm(realm: str, registry_url: str) -> str:
    """A token service that credentials may be sent to; `realm`, when it is one for this registry.

    Raises NetworkError: it must be https where the registry is; a private address literal is refused unless it is
    the registry's own host. Names that resolve privately are fine: companies' registries do.
    """
    scheme, host, _ = origin(realm)
    registry_scheme, registry_host, _ = origin(registry_url)
    if registry_scheme == "https" and scheme != "https":
        raise NetworkError(f"{registry_host} names a token service without TLS ({show_url(realm)}): refused")
    private = is_private_literal(host) and not is_private_literal(registry_host)
    if host != registry_host and (private or _leads_inwards(host, registry_host)):
        raise NetworkError(f"{registry_host} names a token service at a private address ({host}): refused")
    return realm


def is_private_literal(host: str) -> bool:
    """An address written out, loopback, link-local or otherwise not public; or `localhost`."""
    return _written_place(host) is not Place.PUBLIC


def is_loopback(host: str) -> bool:
    return _written_place(host) is Place.LOOPBACK


def _leads_inwards(host: str, from_host: str) -> bool:
    """Only what is on this machine may lead to this machine, and nothing to its cloud's metadata."""
    place = _written_place(host)
    return place is Place.LINK_LOCAL or (place is Place.LOOPBACK and not is_loopback(from_host))


def _written_place(host: str) -> Place:
    """Where an address lies that is written out. Names are public, but `localhost` and what is below it (RFC 6761)."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return Place.LOOPBACK
    return place_of(host) if parse_address(host) else Place.PUBLIC


def show_url(url: str) -> str:
    """Without user and query, which may hold secrets, and no longer than a line."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an address that cannot be read)"
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"[:160]
