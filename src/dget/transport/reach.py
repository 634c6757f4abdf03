"""Where a server may send us, seen when a connection is made: a public name may lead to this machine, too.

Everything goes that the person named. What a server names (a redirect, a token service, a foreign layer's place) may lie
on this machine, or be link-local, only where that server was itself reached so; a private address that is written out,
only where that server was reached at an address that is not public. Names that lead into a private network are fine:
companies' registries and object stores are there. `--resolve` allows what it names.
"""

from collections.abc import Sequence

from dget.config.resolve import Pin
from dget.errors import NetworkError
from dget.protocol.addresses import Place, parse_address, place_of
from dget.protocol.http import Request
from dget.protocol.origin import host_of, is_private_literal, origin


class Reach:
    """Remembers how each host was reached first: one whose name leads elsewhere later gains nothing by it (rebinding).

    Threads may use it together.
    """

    def __init__(self, pins: Sequence[Pin]) -> None:
        self._pins = pins
        self._reached: dict[str, Place] = {}

    def check_address(self, request: Request, address: str) -> None:
        """Before a connection to `address` is made for `request`. Raises NetworkError where it may not be."""
        place = place_of(address)
        _, host, _ = origin(request.url)
        giver = self._giver(request)
        written_out = parse_address(host) is not None
        if giver and place is not Place.PUBLIC and not self._may_lead(giver, place, written_out=written_out):
            raise _refusal(request, place, address)
        self._reached.setdefault(host, place)

    def check_proxied(self, request: Request) -> None:
        """Where a proxy makes the connection, only what is written out can be judged. Raises NetworkError."""
        _, host, _ = origin(request.url)
        giver = self._giver(request)
        if giver is not None and is_private_literal(host) and not is_private_literal(giver):
            raise _refusal(request, place_of(host) if parse_address(host) else Place.LOOPBACK, host)

    def _giver(self, request: Request) -> str | None:
        """The host that sent us here; None where we would go there by ourselves."""
        if not request.given_by:
            return None
        _, host, port = origin(request.url)
        giver = origin(request.given_by)[1]
        return None if giver == host or any(pin.names(host, port) for pin in self._pins) else giver

    def _may_lead(self, giver: str, place: Place, *, written_out: bool) -> bool:
        from_place = self._reached.get(giver, Place.PUBLIC)
        if place is Place.PRIVATE:
            return not written_out or from_place is not Place.PUBLIC
        return from_place is place


def _refusal(request: Request, place: Place, address: str) -> NetworkError:
    host, port = origin(request.url)[1:]
    return NetworkError(
        f"{host_of(request.given_by)} sends dget to {host_of(request.url)}, at a {place.value} address ({address}): "
        "refused",
        hint=f"if that is right, say so with --resolve {host}:{port}:{address}",
    )
