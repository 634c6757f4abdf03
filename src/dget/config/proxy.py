"""Which proxy a URL is asked through: what the person and the environment say.

Decided here, not by libcurl, which reads no `HTTP_PROXY` in upper case and takes SOCKS proxies for others than people
mean. Sources: golang.org/x/net/http/httpproxy for the environment, curl's manual for the schemes.
"""

from collections.abc import Mapping
from typing import Self
from urllib.parse import unquote, urlsplit

import msgspec

from dget.config.no_proxy import NoProxy
from dget.discreet import Discreet
from dget.errors import UsageError
from dget.protocol.origin import is_loopback

# Their ports where the address names none.
_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
# GNOME writes this for what is a SOCKS 5 proxy that looks names up.
_ALIASES = {"socks": "socks5h"}


class Proxy(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """scheme: http, https, socks4, socks4a, socks5 or socks5h; host: without brackets; named_by: who named it."""

    secrets = frozenset(("username", "password"))

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = ""
    named_by: str = "-proxy"

    @classmethod
    def parse(cls, text: str, named_by: str = "-proxy") -> Self:
        """From `[SCHEME://][NAME[:PASSWORD]@]HOST[:PORT]`; name and password are percent-encoded.

        Without a scheme it is http. Raises UsageError, which never shows the text: it may hold a password.
        """
        scheme, separator, rest = text.strip().partition("://")
        if not separator:
            scheme, rest = "http", text.strip()
        scheme = _ALIASES.get(scheme.lower(), scheme.lower())
        if scheme not in _PORTS:
            raise _unknown(named_by, f": it begins with {scheme[:20]}://")
        try:
            # The last @ ends the password: people write those that they hold as they are.
            parts = urlsplit(f"//{rest}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or not host.isascii() or parts.path.strip("/") or parts.query or parts.fragment:
            raise _unknown(named_by)
        return cls(
            scheme=scheme,
            host=host,
            port=port or _PORTS[scheme],
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            named_by=named_by,
        )

    @property
    def address(self) -> str:
        """Host and port, as messages name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Without name and password."""
        return f"{self.scheme}://{self.address}"

    @property
    def is_http(self) -> bool:
        """Whether it speaks HTTP, with or without TLS; else it speaks SOCKS."""
        return self.scheme in ("http", "https")


def _unknown(named_by: str, why: str = "") -> UsageError:
    return UsageError(
        f"the proxy's address in {named_by} is none that dget knows{why}",
        hint=f"it is {', '.join(_PORTS)} and ://, then NAME:PASSWORD@ if it wants them (special characters as %XX), "
        "then HOST:PORT",
    )


class ProxyRules(msgspec.Struct, frozen=True, kw_only=True):
    """by_scheme: the proxy for `http` and for `https` URLs; exempt: hosts without one.

    spare_loopback: whether this machine's own addresses are exempt too, as they are from the environment's proxies.
    """

    by_scheme: Mapping[str, Proxy] = msgspec.field(default_factory=dict)
    exempt: NoProxy = msgspec.field(default_factory=NoProxy)
    spare_loopback: bool = False

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        proxy = self.by_scheme.get(scheme)
        if proxy is None or self.exempt.covers(host, port) or (self.spare_loopback and is_loopback(host)):
            return None
        return proxy


def proxy_rules(proxy: str | None, no_proxy: str | None, environment: Mapping[str, str]) -> ProxyRules:
    """proxy, no_proxy: the person's own words.

    A proxy that the person names is for every host that `no_proxy` does not name: `NO_PROXY` belongs to the
    environment's proxies. `no_proxy` comes in its place. Raises UsageError.
    """
    exempt = NoProxy.parse(no_proxy or "")
    if proxy:
        named = Proxy.parse(proxy)
        return ProxyRules(by_scheme={"http": named, "https": named}, exempt=exempt)
    if no_proxy is None:
        exempt = NoProxy.parse(_either_case(environment, "NO_PROXY")[1])
    found = {scheme: one for scheme in ("http", "https") if (one := _from_environment(scheme, environment))}
    return ProxyRules(by_scheme=found, exempt=exempt, spare_loopback=True)


def _from_environment(scheme: str, environment: Mapping[str, str]) -> Proxy | None:
    for variable in (f"{scheme.upper()}_PROXY", "ALL_PROXY"):
        name, value = _either_case(environment, variable)
        # A web server's child gets a request's `Proxy:` header under this name (httpoxy, CVE-2016-5385).
        if name == "HTTP_PROXY" and "REQUEST_METHOD" in environment:
            continue
        if value:
            return Proxy.parse(value, named_by=name)
    return None


def _either_case(environment: Mapping[str, str], variable: str) -> tuple[str, str]:
    """The variable's name and value, lower case first, as curl has it."""
    for name in (variable.lower(), variable):
        if value := environment.get(name, "").strip():
            return name, value
    return variable, ""
