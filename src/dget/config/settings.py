"""Everything that can be set, typed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dget.config.proxy import ProxyRules, proxy_rules
from dget.config.resolve import Pin
from dget.errors import UsageError

# A slower link would look like a silent one.
_RATE_MIN = 1000
_TIMEOUT_MAX = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How dget works. Defaults suit most people.

    registry: where images without a host are; http:// before it asks for plain HTTP. cache_dir: None means the
    system's place for caches. connections: at once; None means as many as help, up to 16. limit_rate: bytes a second.
    timeout: seconds without a byte.
    credentials_from: where name and password come from, for people.
    mirror: `URL` of Docker Hub's, or `REGISTRY=URL`. tag_from: who may say what a tag names.
    proxy: for every host; no_proxy: as `NO_PROXY`, which counts without `proxy` alone.
    resolve: `HOST:PORT:ADDR`. insecure: certificates are not checked, and plain HTTP is allowed.
    """

    registry: str = "docker.io"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    credentials_from: str = "the settings"
    proxy: str | None = field(default=None, repr=False)
    mirror: tuple[str, ...] = ()
    tag_from: Literal["origin", "any"] = "origin"
    no_proxy: str | None = None
    resolve: tuple[str, ...] = ()
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    insecure: bool = False
    timeout: float = 30.0
    connections: int | None = None
    limit_rate: float | None = None
    cache: bool = True
    cache_dir: Path | None = None
    verify_cache: bool = True
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def __post_init__(self) -> None:
        if self.connections is not None and not 1 <= self.connections <= 64:
            raise UsageError(f"--connections takes 1 to 64, not {self.connections}")
        if self.limit_rate is not None and not self.limit_rate >= _RATE_MIN:
            raise UsageError(f"--limit-rate takes bytes a second, at least {_RATE_MIN}, not {self.limit_rate:g}")
        if not 1 <= self.timeout <= _TIMEOUT_MAX:
            raise UsageError(f"--timeout takes seconds, 1 to {_TIMEOUT_MAX}, not {self.timeout:g}")
        if self.username and self.password is None:
            raise UsageError("a name without a password", hint="give -password, or --password-stdin")
        if self.password is not None and not self.username:
            raise UsageError("a password without a name", hint="give -username")
        if self.client_key is not None and self.client_certificate is None:
            raise UsageError("a key without its certificate", hint="give --cert, too")
        for entry in self.resolve:
            Pin.parse(entry)
        proxy_rules(self.proxy, self.no_proxy, self.environment)

    @property
    def pins(self) -> tuple[Pin, ...]:
        return tuple(map(Pin.parse, self.resolve))

    @property
    def proxies(self) -> ProxyRules:
        return proxy_rules(self.proxy, self.no_proxy, self.environment)
