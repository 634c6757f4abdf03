"""Where a manifest says that a foreign layer is, outside of its registry.

Source: OCI image specification, descriptor.md, `urls`. Whoever pushes a manifest chooses them: they are followed as
carefully as a redirect, and without credentials.
"""

from dget.errors import NetworkError
from dget.protocol.origin import host_of, is_private_literal, origin, redirected, show_url


def foreign_place(url: str, registry_url: str) -> str:
    """The place, where dget may ask there.

    Raises NetworkError: it must be https where the registry is, and no address within this machine or its network
    unless the registry is there too.
    """
    scheme, host, _ = origin(url)
    registry_scheme, registry_host, _ = origin(registry_url)
    said = f"a manifest at {host_of(registry_url)} has a layer at {show_url(url)}"
    if scheme != "https" and registry_scheme == "https":
        raise NetworkError(f"{said}, without TLS: refused", hint="--foreign-layers skip leaves such layers out")
    if is_private_literal(host) and not is_private_literal(registry_host):
        raise NetworkError(f"{said}, a private address: refused", hint="--foreign-layers skip leaves such layers out")
    return redirected(registry_url, url)
