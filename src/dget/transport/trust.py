"""Which certificate authorities are trusted.

libcurl's wheels carry an OpenSSL of their own that knows neither this system's store nor `SSL_CERT_FILE`.
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from dget.config.tls import HostTls
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

_BEGIN = b"-----BEGIN CERTIFICATE-----"
# Source: openssl-rehash(1).
_HASHED = r"[0-9a-f]{8}\.[0-9]+"


class TrustStore(msgspec.Struct, frozen=True):
    """file: as OpenSSL reads it; own: PEM text in its place; folder: where OpenSSL looks an authority up when it meets it;
    native: the operating system's store.
    """

    file: str | None = None
    own: bytes | None = None
    folder: str | None = None
    native: bool = False


class TrustStores:
    """The trust store of each host. Threads may use it together."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._by_files: dict[tuple[Path, ...], TrustStore] = {}

    def of(self, tls: HostTls) -> TrustStore:
        """Raises UsageError where a file cannot be read or holds no certificate."""
        if tls.ca_files not in self._by_files:
            self._by_files[tls.ca_files] = trust_store(tls.ca_files, self._environment)
        return self._by_files[tls.ca_files]


def trust_store(
    ca_files: Sequence[Path], environment: Mapping[str, str], bundles: Sequence[str] = _BUNDLES
) -> TrustStore:
    """The system's authorities, or those that the environment names, and those of `ca_files`.

    bundles: where systems have theirs. Raises UsageError where a file that was named cannot be read or holds no certificate.
    """
    file, extra = _from_environment(environment)
    native = sys.platform in ("win32", "darwin") and not file
    folder = None
    if file is None and not native:
        file = next((bundle for bundle in bundles if os.path.exists(bundle)), None)  # noqa: PTH110 - 20 us each
        folder = _same_as_folder(file) if file else None
    if folder is not None:
        file = None
    own = [*extra, *(_read_authorities(path, "the CA file") for path in ca_files)]
    if not own:
        return TrustStore(file, folder=folder, native=native)
    system = Path(file).read_bytes() if file and Path(file).is_file() else b""
    return TrustStore(own=b"\n".join([system, *own]), folder=folder, native=native)


def _same_as_folder(bundle: str) -> str | None:
    """The bundle's folder, where it holds the same authorities one by one, named as OpenSSL looks them up.

    Each connection would read the bundle anew, 140 authorities: 6 ms of processor time and 1.2 MB.
    """
    folder, hashed = Path(bundle).parent, re.compile(_HASHED)
    try:
        sizes = [os.stat(folder / name).st_size for name in os.listdir(folder) if hashed.fullmatch(name)]  # noqa: PTH116, PTH208
        # The bundle is all of them, one after the other: whoever adds one to either makes them differ.
        return str(folder) if sizes and sum(sizes) == os.stat(bundle).st_size else None  # noqa: PTH116
    except OSError:
        return None


def _from_environment(environment: Mapping[str, str]) -> tuple[str | None, Sequence[bytes]]:
    """The bundle that comes in place of the system's, and what `SSL_CERT_DIR` adds to it."""
    file = None
    for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if file is None and (file := environment.get(name) or None):
            _read_authorities(Path(file), f"the file in {name}")
    folders = [Path(part) for part in environment.get("SSL_CERT_DIR", "").split(os.pathsep) if part]
    return file, list(dict.fromkeys(text for folder in folders for text in _certificates_in(folder)))


def _certificates_in(folder: Path) -> Iterator[bytes]:
    """What holds certificates, whatever its name: Go reads such folders so, OpenSSL wants hashes as names."""
    try:
        paths = sorted({path.resolve() for path in folder.iterdir()})
    except OSError as error:
        raise UsageError(f"cannot read the folder in SSL_CERT_DIR, {folder}: {error.strerror}") from error
    for path in paths:
        # A folder, a dangling link, a key that is not for us.
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if _BEGIN in content:
                yield content


def _read_authorities(path: Path, what: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {what}, {path}: {error.strerror}") from error
    if _BEGIN not in content:
        raise UsageError(f"{what}, {path}, holds no certificate", hint="it must be in PEM form (BEGIN CERTIFICATE)")
    return content
