"""Where an IP address lies: out in the world, in a private network, or where only this machine or its cloud is.

A server that names such an address makes dget ask there in its place (server-side request forgery): a cloud machine's
metadata service, or a daemon of this machine, would be read by whoever runs the server.
"""

from enum import Enum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
# Services that a cloud gives its own machines, outside of the link-local networks: Alibaba's, Azure's, Oracle's, and
# Amazon's and Google's of IPv6.
_CLOUD = frozenset(map(ip_address, "100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254".split()))


class Place(Enum):
    """The value completes "at a … address"."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"


def place_of(address: str) -> Place:
    """Of an address as the system gives it. What cannot be read is taken for the worst."""
    known = parse_address(address)
    if known is None or known in _CLOUD or known.is_link_local or known.is_multicast:
        return Place.LINK_LOCAL
    # 0.0.0.0 and :: lead to this machine.
    if known.is_loopback or known.is_unspecified:
        return Place.LOOPBACK
    return Place.PUBLIC if known.is_global else Place.PRIVATE


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address written out, with or without brackets and zone; None for a name.

    An IPv4 address within an IPv6 one (mapped, 6to4, NAT64) is that IPv4 address.
    """
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
