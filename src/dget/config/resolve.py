"""Addresses that the person gives for hosts, in place of what DNS says: `--resolve HOST:PORT:ADDR`."""

import re
from typing import Self

import msgspec

from dget.errors import UsageError
from dget.protocol.addresses import parse_address

_SHAPE = r"\+?(?P<host>\[[^\]]+\]|[^:\[\]]+):(?P<port>\d{1,5}):(?P<addresses>.+)"


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """host: in lower case, or `*`; addresses: as curl writes them, IPv6 with or without brackets."""

    host: str
    port: int
    addresses: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From what `curl --resolve` takes. Raises UsageError."""
        match = re.fullmatch(_SHAPE, text.strip())
        addresses = tuple(match["addresses"].split(",")) if match else ()
        if match is None or int(match["port"]) > 65535 or not all(map(parse_address, addresses)):
            raise UsageError(
                f"--resolve takes HOST:PORT:ADDR, not {text!r}", hint="for example registry.corp:443:10.1.2.3"
            )
        return cls(host=match["host"].strip("[]").lower(), port=int(match["port"]), addresses=addresses)

    def names(self, host: str, port: int) -> bool:
        return self.port == port and self.host in ("*", host.lower())
