"""How hosts are reached."""

from collections.abc import Mapping

import msgspec

from dget.config.proxy import ProxyRules
from dget.config.resolve import Pin
from dget.config.tls import HostTls, Origin, TlsOf


def _system_trust_alone(_: Origin) -> HostTls:
    return HostTls()


class TransportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """timeout: seconds without a byte; pins: addresses in place of what DNS says; tls: how TLS is done with an origin.

    environment: where trusted certificates may be named, usually `os.environ`.
    """

    user_agent: str = "dget"
    timeout: float = 30.0
    proxies: ProxyRules = msgspec.field(default_factory=ProxyRules)
    pins: tuple[Pin, ...] = ()
    tls: TlsOf = _system_trust_alone
    environment: Mapping[str, str]
