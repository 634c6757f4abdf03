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

    environment: where trusted certificates may be named, usually `os.environ`; limit_rate: bytes a second that whoever takes
    what comes will keep to.
    """

    user_agent: str = "dget"
    timeout: float = 30.0
    proxies: ProxyRules = msgspec.field(default_factory=ProxyRules)
    limit_rate: float | None = None
    pins: tuple[Pin, ...] = ()
    tls: TlsOf = _system_trust_alone
    environment: Mapping[str, str]
