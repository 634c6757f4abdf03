"""Which certificate authorities are trusted.

libcurl's wheels carry an OpenSSL of their own that knows neither this system's store nor `SSL_CERT_FILE`.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dget.errors import UsageError

# Debian, Fedora, openSUSE, Alpine, the BSDs: as Go's crypto/x509/root_linux.go and root_bsd.go list them.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
)


@dataclass(frozen=True, slots=True)
class TrustStore:
    """file, folder: as OpenSSL reads them; own: PEM text in place of `file`; native: the operating system's store."""

    file: str | None = None
    folder: str | None = None
    own: bytes | None = None
    native: bool = False


def trust_store(ca_file: Path | None, environment: Mapping[str, str]) -> TrustStore:
    """The system's authorities, or those that the environment names, and those of `ca_file`.

    Raises UsageError where `ca_file` cannot be read or holds no certificate.
    """
    file = environment.get("CURL_CA_BUNDLE") or environment.get("SSL_CERT_FILE")
    folder = environment.get("SSL_CERT_DIR")
    native = sys.platform in ("win32", "darwin") and not file
    if file is None and not native:
        file = next((bundle for bundle in _BUNDLES if os.path.exists(bundle)), None)  # noqa: PTH110 - 20 us each
    if ca_file is None:
        return TrustStore(file, folder, native=native)
    system = Path(file).read_bytes() if file and Path(file).is_file() else b""
    return TrustStore(folder=folder, own=system + b"\n" + _read_authorities(ca_file), native=native)


def _read_authorities(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the CA file {path}: {error.strerror}") from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise UsageError(f"the CA file {path} holds no certificate", hint="it must be in PEM form (BEGIN CERTIFICATE)")
    return content
