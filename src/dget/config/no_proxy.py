"""Hosts that are reached without a proxy: what `NO_PROXY` says.

As Docker and podman read it (golang.org/x/net/http/httpproxy): a name stands for itself and what lies below it, with a
leading dot or `*.` for what lies below it alone; an address or a network (CIDR) for addresses written out in a URL,
since names are not looked up for it; each may carry a port; `*` stands for everything.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self, TypeAlias

import msgspec

Network: TypeAlias = IPv4Network | IPv6Network

_PORT = r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>\d+)\Z"


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """network: for addresses; suffix: with its leading dot; name: that alone; everything: of this port, if any."""

    network: Network | None = None
    name: str | None = None
    suffix: str | None = None
    everything: bool = False
    port: int | None = None

    def covers(self, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.everything:
            return True
        if address is not None:
            return self.network is not None and address in self.network
        return host == self.name or (self.suffix is not None and host.endswith(self.suffix))


class NoProxy(msgspec.Struct, frozen=True):
    entries: Sequence[_Entry] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Entries are separated by commas or blanks. Raises nothing: what makes no sense covers nothing."""
        return cls(tuple(_entry(word.lower()) for word in re.split(r"[\s,]+", text) if word))

    def covers(self, host: str, port: int) -> bool:
        """host: a name or an address, without brackets."""
        plain = host.lower().strip("[]").rstrip(".")
        address = _address(plain)
        return any(entry.covers(plain, address, port) for entry in self.entries)


def _entry(word: str) -> _Entry:
    port = None
    # An IPv6 address without brackets has no port.
    if (match := re.match(_PORT, word)) and _network(word) is None:
        word, port = match["host"], int(match["port"])
    if word == "*":
        return _Entry(everything=True, port=port)
    if network := _network(word.strip("[]")):
        return _Entry(network=network, port=port)
    name = word.removeprefix("*").rstrip(".")
    if name.startswith("."):
        return _Entry(suffix=name, port=port)
    return _Entry(name=name, suffix=f".{name}" if name else None, port=port)


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
