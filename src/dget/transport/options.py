"""How hosts are reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """timeout: seconds without a byte; resolve: `HOST:PORT:ADDR` as curl takes them; ca_file: besides the system's.

    environment: where proxies and trusted certificates may be named, usually `os.environ`.
    """

    user_agent: str = "dget"
    timeout: float = 30.0
    proxy: str | None = None
    resolve: tuple[str, ...] = ()
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    verify_tls: bool = True
    environment: Mapping[str, str]
