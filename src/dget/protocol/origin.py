"""Who a URL belongs to, and where a server may send us."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote, urljoin, urlsplit

from dget.errors import NetworkError

_DEFAULT_PORT = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454); the port is filled in. Raises NetworkError for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in _DEFAULT_PORT:
        raise NetworkError(f"a server sent dget to an address that is not http or https: {show_url(url)!r}")
    return parts.scheme, host, port or _DEFAULT_PORT[parts.scheme]


def host_of(url: str) -> str:
    """`host` or `host:port`, as it stands in the URL."""
    return urlsplit(url).netloc.rpartition("@")[2]


def redirected(url: str, location: str) -> str:
    """The URL that a redirect of `url` leads to.

    Raises NetworkError where it leads from https to plain http, from a public registry to a local or private
    address literal, to a link-local one (cloud machines' metadata), or to something else than a web address.
    """
    # As browsers and curl do: what a URL may not hold is encoded.
    target = urljoin(url, quote(location, safe="%/:=&?~#+!$,;'@()*[]"))
    scheme, host, _ = origin(target)
    from_scheme, from_host, _ = origin(url)
    if from_scheme == "https" and scheme == "http":
        raise NetworkError(f"{host_of(url)} redirects from https to plain http ({show_url(target)}): refused")
    inwards = is_private_literal(host) and not is_private_literal(from_host)
    if host != from_host and (inwards or _is_link_local(host)):
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
    if is_private_literal(host) and not is_private_literal(registry_host) and host != registry_host:
        raise NetworkError(f"{registry_host} names a token service at a private address ({host}): refused")
    return realm


def is_private_literal(host: str) -> bool:
    """An address written out, loopback, link-local or otherwise not public; or `localhost`."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    address = _literal(host)
    return address is not None and not address.is_global


def is_loopback(host: str) -> bool:
    address = _literal(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def _is_link_local(host: str) -> bool:
    address = _literal(host)
    return address is not None and address.is_link_local


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def show_url(url: str) -> str:
    """Without user and query, which may hold secrets, and no longer than a line."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url[:60]
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"[:160]
