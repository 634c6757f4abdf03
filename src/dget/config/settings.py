"""Everything that can be set, typed. A new setting is one field here."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from dget.config.hosts import HOSTS, HostSettings, host_named, resolutions
from dget.config.kinds import SIZE, Misfit, choice, path, paths, seconds, secret, switch, text, whole
from dget.config.network_kinds import MIRROR, PLATFORM, PROXY, RATE, REGISTRY, RESOLVE
from dget.config.setting import setting, settings_in
from dget.discreet import Discreet
from dget.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from dget.config.proxy import ProxyRules
    from dget.config.resolve import Pin


def _cache_dir(environment: Mapping[str, str]) -> str:
    from dget.config.machine import default_cache_dir

    return str(default_cache_dir(environment))


def _platform(_: Mapping[str, str]) -> str:
    from dget.config.machine import machine_platform

    return str(machine_platform())


class Settings(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """How dget works. Defaults suit most people.

    Each field's kind, names and help stand beside it: `config.toml`, the environment, the command line's options,
    `dget config show` and the documentation follow from them. Raises UsageError for a value that makes no sense.

    registry: where images without a host are; http:// before it asks for plain HTTP. cache_dir: one or several; None
    means the system's place for caches. cache_max_size: bytes, after a pull. connections: at once, to each host; None
    means as many as help, up to 16. limit_rate: bytes a second. timeout: seconds without a byte. insecure: certificates
    are not checked, and plain HTTP is allowed.
    proxy: for every host; no_proxy: as `NO_PROXY`, which counts without `proxy` alone.
    mirror: `URL` of Docker Hub's, or `REGISTRY=URL`. tag_from: who may say what a tag names.
    credentials_from: where name and password come from, for people.
    environment: where proxies, trusted certificates and folders may be named besides.
    """

    secrets = frozenset(("password", "proxy", "environment"))

    registry: Annotated[str, setting(REGISTRY, "Where images without a host are (default docker.io).")] = "docker.io"
    username: Annotated[str | None, setting(text("NAME"), "Name for the registry.", in_file=False)] = None
    password: Annotated[
        str | None, setting(secret("WORD"), "Password or access token; others may see it here.", in_file=False)
    ] = None
    proxy: Annotated[str | None, setting(PROXY, "http, https, socks4, socks5, socks5h (else HTTPS_PROXY counts).")] = (
        None
    )
    no_proxy: Annotated[
        str | None,
        setting(text("HOSTS", example="localhost,.example"), "Hosts without a proxy, as in NO_PROXY; * for all."),
    ] = None
    mirror: Annotated[tuple[str, ...], setting(MIRROR, "Fetch from there too; REGISTRY=URL (repeatable).")] = ()
    tag_from: Annotated[
        Literal["origin", "any"],
        setting(choice({"origin": "origin", "any": "any"}), "Who says what a tag names (default origin)."),
    ] = "origin"
    resolve: Annotated[tuple[str, ...], setting(RESOLVE, "Use this address (repeatable).")] = ()
    ca_file: Annotated[
        "Path | None", setting(path("PEM", example="/etc/ssl/company.pem"), "Trust these authorities too.")
    ] = None
    client_certificate: Annotated[
        "Path | None", setting(path("PEM", example="client.pem"), "Client certificate.", key="cert")
    ] = None
    client_key: Annotated["Path | None", setting(path("PEM", example="client.key"), "Its key.", key="key")] = None
    insecure: Annotated[bool, setting(switch(), "Do not check certificates; allow plain HTTP.")] = False
    timeout: Annotated[float, setting(seconds(1, 86_400), "Give up on a silent host (default 30).")] = 30.0
    connections: Annotated[
        int | None, setting(whole(1, 64), "To each host at the same time (default: as many as help, up to 16).")
    ] = None
    limit_rate: Annotated[float | None, setting(RATE, "Bytes a second at most, for example 500k or 5M.")] = None
    wait: Annotated[bool, setting(switch(), "Wait where a registry allows no more requests for now.")] = False
    cache_dir: Annotated[
        "Path | tuple[Path, ...] | None",
        setting(
            paths("FOLDER", example="~/.cache/dget"),
            "Where downloads are kept (repeatable: the first writable one is written, all are read).",
            group="cache",
            otherwise=_cache_dir,
        ),
    ] = None
    cache_max_size: Annotated[
        int | None, setting(SIZE, "Then remove what was used longest ago, for example 20G.", group="cache")
    ] = None
    offline: Annotated[bool, setting(switch(), "Ask nobody: take everything from the cache.", group="cache")] = False
    cache: Annotated[bool, setting(switch(negated=True), "Keep and use nothing.", key="no_cache", group="cache")] = True
    verify_cache: Annotated[
        bool,
        setting(
            choice({"always": True, "never": False}), "Check what comes from the cache (default always).", group="cache"
        ),
    ] = True
    platform: Annotated[
        str | None,
        setting(
            PLATFORM,
            "Default: linux on this machine's architecture. -arch arm64 means linux/arm64.",
            group="image",
            alias="--arch",
            otherwise=_platform,
        ),
    ] = None
    hosts: Annotated[tuple[HostSettings, ...], setting(HOSTS, "What holds for one registry alone.", flag=False)] = ()
    credentials_from: str = "the settings"
    environment: Mapping[str, str] = msgspec.field(default_factory=lambda: os.environ)

    def __post_init__(self) -> None:
        for one in settings_in(Settings):
            try:
                one.kind.check(getattr(self, one.field))
            except Misfit as wrong:
                raise UsageError(f"{one.key} {wrong}", hint=wrong.hint) from None
        if self.username and self.password is None:
            raise UsageError("a name without a password", hint="give -password, or --password-stdin")
        if self.password is not None and not self.username:
            raise UsageError("a password without a name", hint="give -username")
        if self.client_key is not None and self.client_certificate is None:
            raise UsageError("a key without its certificate", hint="give --cert, too")
        # Those that the environment names are read here too.
        _ = self.proxies

    @property
    def cache_dirs(self) -> "tuple[Path, ...]":
        """The first of these that may be written is, and all are read. Raises UsageError where there is no home."""
        from dget.config.machine import default_cache_dir

        if self.cache_dir is None:
            return (default_cache_dir(self.environment),)
        return self.cache_dir if isinstance(self.cache_dir, tuple) else (self.cache_dir,)

    def host(self, domain: str) -> HostSettings:
        """What holds for this registry alone, e.g. `docker.io` or `reg.example:5000`; nothing where it has no section."""
        return host_named(self.hosts, domain)

    @property
    def pins(self) -> "tuple[Pin, ...]":
        """Addresses in place of what the DNS says: `resolve`, and those of the hosts' sections."""
        from dget.config.resolve import Pin

        return tuple(map(Pin.parse, (*self.resolve, *resolutions(self.hosts))))

    @property
    def proxies(self) -> "ProxyRules":
        """Raises UsageError where the environment names a proxy that makes no sense."""
        from dget.config.proxy import proxy_rules

        return proxy_rules(self.proxy, self.no_proxy, self.environment)
