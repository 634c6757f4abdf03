"""How TLS is done with each host: whom we trust there, and as whom we come."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

# Scheme, host and port, as `protocol.origin.origin` gives them.
Origin: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTls:
    """One host's.

    ca_files: PEM files, trusted besides the system's authorities; client_certificate: PEM; client_key: PEM, None where
    the certificate's file holds it too; verify: False takes any certificate.
    """

    ca_files: tuple[Path, ...] = ()
    client_certificate: Path | None = None
    client_key: Path | None = None
    verify: bool = True


# Asked for each request, from several threads.
TlsOf: TypeAlias = Callable[[Origin], HostTls]
