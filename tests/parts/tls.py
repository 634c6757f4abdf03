"""A certificate authority of the tests' own, and the server certificates that it signs, by the openssl command."""

import subprocess
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from tests.parts.process import need

# Without one, the system's openssl.cnf adds extensions of its own.
_CONFIG = "[req]\ndistinguished_name = name\n[name]\n"
_EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
_RSA_KEY = ("-newkey", "rsa:2048")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """certificate, key: files in PEM form."""

    certificate: Path
    key: Path


class CertificateAuthority:
    """file: its certificate, for `--ca-file`."""

    def __init__(self, folder: Path, *, name: str = "dget test CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._config = folder / "openssl.cnf"
        self._config.write_text(_CONFIG)
        extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
        self._own = self._make("ca", name, *_EC_KEY, extensions=extensions)

    @property
    def file(self) -> Path:
        return self._own.certificate

    def server(self, *hosts: str) -> KeyPair:
        """A certificate for these names and addresses; the first one names its files."""
        alternatives = "subjectAltName=" + ",".join(map(_alternative_name, hosts))
        return self._signed(hosts[0], *_EC_KEY, extensions=(alternatives, "extendedKeyUsage=serverAuth"))

    def client(self, name: str) -> KeyPair:
        """A client certificate; name: its subject's, and of its files."""
        return self._signed(name, *_EC_KEY, extensions=("extendedKeyUsage=clientAuth",))

    def signer(self, name: str) -> KeyPair:
        """An RSA key for signatures, as RS256 wants it."""
        return self._signed(name, *_RSA_KEY, extensions=("keyUsage=critical,digitalSignature",))

    def _signed(self, name: str, *key: str, extensions: tuple[str, ...]) -> KeyPair:
        issuer = ("-CA", str(self._own.certificate), "-CAkey", str(self._own.key))
        return self._make(name, name, *issuer, *key, extensions=("basicConstraints=critical,CA:FALSE", *extensions))

    def _make(self, file: str, name: str, *arguments: str, extensions: tuple[str, ...]) -> KeyPair:
        pair = KeyPair(self._folder / f"{file}.pem", self._folder / f"{file}.key")
        command = [
            need("openssl", "openssl"),
            "req",
            "-x509",
            "-config",
            str(self._config),
            "-batch",
            "-nodes",
            "-days",
            "2",
        ]
        command += ["-subj", f"/CN={name}", "-keyout", str(pair.key), "-out", str(pair.certificate), *arguments]
        for extension in extensions:
            command += ["-addext", extension]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return pair


def _alternative_name(host: str) -> str:
    try:
        ip_address(host)
    except ValueError:
        return f"DNS:{host}"
    return f"IP:{host}"
