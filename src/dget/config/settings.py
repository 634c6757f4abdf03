"""Everything that can be set, typed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dget.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How dget works. Defaults suit most people.

    registry: where images without a host are; http:// before it asks for plain HTTP. cache_dir: None means the
    system's place for caches. connections: at once, to all hosts. timeout: seconds without a byte.
    resolve: `HOST:PORT:ADDR`. insecure: certificates are not checked, and plain HTTP is allowed.
    """

    registry: str = "docker.io"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    resolve: tuple[str, ...] = ()
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    insecure: bool = False
    timeout: float = 30.0
    connections: int = 8
    cache: bool = True
    cache_dir: Path | None = None
    verify_cache: bool = True
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.connections <= 64:
            raise UsageError(f"--connections takes 1 to 64, not {self.connections}")
        if self.timeout < 1:
            raise UsageError(f"--timeout takes seconds, at least 1, not {self.timeout:g}")
        if self.username and self.password is None:
            raise UsageError("a name without a password", hint="give -password, or --password-stdin")
        for entry in self.resolve:
            if entry.count(":") < 2:
                raise UsageError(f"--resolve takes HOST:PORT:ADDR, not {entry!r}")
