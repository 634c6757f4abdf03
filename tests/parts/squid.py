"""Debian's squid, in a folder of its own: an HTTP proxy that may want a password, and may speak TLS itself."""

import contextlib
import hashlib
import http.client
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from tests.parts.distribution import free_port
from tests.parts.process import Daemon, need
from tests.parts.tls import KeyPair

# What lines of the configuration it needs; files that they name go into the folder.
Rule: TypeAlias = Callable[[Path], str]

_HELPERS = Path("/usr/lib/squid")
_REALM = "test"
# Nobody listens there.
_CONTROL = "http://127.0.0.1:1/control"
_ANSWERS_WITHIN = 10.0
# It keeps nothing, waits for nobody when it ends, and writes one line a request: status, method and target.
_CONFIG = """
http_port 127.0.0.1:{port}
{tls}
pid_filename {folder}/squid.pid
coredump_dir {folder}
cache_log {folder}/cache.log
logformat proof %>Hs %Ss %rm %ru %un
access_log stdio:{folder}/access.log logformat=proof
cache deny all
cache_mem 1 MB
shutdown_lifetime 0 seconds
hosts_file {folder}/hosts
netdb_filename none
{rules}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A line of the access log. status: squid's answer; target: URL, or host and port of a CONNECT; user: or `-`."""

    status: int
    method: str
    target: str
    user: str


class Squid:
    """Runs from construction until `stop`, or for the length of a `with`. Skips where squid is missing.

    It refuses to run as root, and its user may not enter pytest's folders: its own is elsewhere, and goes with it.
    `address` speaks plain HTTP, `tls_address` TLS where a key pair was given. hosts: names that it knows, and their
    addresses.
    """

    def __init__(
        self,
        *rules: Rule,
        hosts: Mapping[str, str] | None = None,
        tls: KeyPair | None = None,
    ) -> None:
        """rules: what `open_to_all`, `basic`, `digest` and the like give."""
        program = need("squid", "squid")
        folder = Path(tempfile.mkdtemp(prefix="dget-squid-"))
        self._folder = folder
        port, tls_port = free_port(), free_port()
        self.address = f"127.0.0.1:{port}"
        self.tls_address = f"localhost:{tls_port}"
        names = {"localhost": "127.0.0.1", **(hosts or {})}
        (folder / "hosts").write_text("".join(f"{address} {name}\n" for name, address in names.items()))
        secure = f"https_port 127.0.0.1:{tls_port} {_key_pair(folder, tls)}" if tls else ""
        lines = "\n".join(rule(folder) for rule in rules)
        config = folder / "squid.conf"
        config.write_text(_CONFIG.format(port=port, folder=folder, tls=secure, rules=lines))
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "proxy", "proxy")
        command: list[str | Path] = [program, "-N", "-f", config, "-n", f"dget{port}"]
        try:
            self._daemon = Daemon(command, folder / "output", lambda: _accepts(port))
        except BaseException:
            shutil.rmtree(folder)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def passed(self) -> list[Passed]:
        """What it was asked for so far; a tunnel stands here when it has ended."""
        # One process, one event loop: who is answered now knows that what ended before is in the log.
        with contextlib.closing(http.client.HTTPConnection(self.address, timeout=_ANSWERS_WITHIN)) as connection:
            connection.request("GET", _CONTROL)
            connection.getresponse().read()
        lines = [line.split(maxsplit=4) for line in (self._folder / "access.log").read_text().splitlines()]
        every = [
            Passed(status=int(status), method=method, target=target, user=user)
            for status, _, method, target, user in lines
        ]
        # Who connects and says nothing is only seeing whether it is there.
        return [one for one in every if one.target != _CONTROL and one.method != "-"]

    def stop(self) -> None:
        self._daemon.stop()
        shutil.rmtree(self._folder)


def open_to_all(_: Path) -> str:
    return "http_access allow all"


def closed(_: Path) -> str:
    return "http_access deny all"


def basic(users: Mapping[str, str]) -> Rule:
    """Basic authentication. users: passwords by name."""

    def rule(folder: Path) -> str:
        program = need("htpasswd", "apache2-utils")
        lines = [
            subprocess.run([program, "-ni", name], input=password, capture_output=True, text=True, check=True).stdout
            for name, password in users.items()
        ]
        (folder / "basic").write_text("".join(line.strip() + "\n" for line in lines))
        return _wants("basic", f"{_HELPERS}/basic_ncsa_auth {folder}/basic", f"auth_param basic realm {_REALM}")

    return rule


def digest(users: Mapping[str, str]) -> Rule:
    """Digest authentication. users: passwords by name."""

    def rule(folder: Path) -> str:
        # H(A1) of RFC 7616 section 3.4.2: it takes a colon in a password of plain text for the end.
        lines = [
            f"{name}:{_REALM}:{hashlib.md5(f'{name}:{_REALM}:{password}'.encode()).hexdigest()}\n"
            for name, password in users.items()
        ]
        (folder / "digest").write_text("".join(lines))
        return _wants("digest", f"{_HELPERS}/digest_file_auth -c {folder}/digest", f"auth_param digest realm {_REALM}")

    return rule


def ntlm_alone(_: Path) -> str:
    """NTLM and nothing else, by squid's own stand-in for a domain."""
    return _wants("ntlm", f"{_HELPERS}/ntlm_fake_auth")


def negotiate(service: str, keytab: Path, config: Path) -> Rule:
    """Kerberos. service: the proxy's principal; keytab: its key; config: krb5.conf."""

    def rule(folder: Path) -> str:
        for name, path in (("keytab", keytab), ("krb5.conf", config)):
            shutil.copyfile(path, folder / name)
        known = f"/usr/bin/env KRB5_CONFIG={folder}/krb5.conf KRB5RCACHENAME=none:"
        program = f"{known} {_HELPERS}/negotiate_kerberos_auth -k {folder}/keytab -s {service}"
        return _wants("negotiate", program)

    return rule


def _wants(scheme: str, program: str, *more: str) -> str:
    lines = (f"auth_param {scheme} program {program}", f"auth_param {scheme} children 2 startup=1", *more)
    return "\n".join((*lines, "acl known proxy_auth REQUIRED", "http_access allow known", "http_access deny all"))


def _key_pair(folder: Path, tls: KeyPair) -> str:
    shutil.copyfile(tls.certificate, folder / "tls.pem")
    shutil.copyfile(tls.key, folder / "tls.key")
    return f"tls-cert={folder}/tls.pem tls-key={folder}/tls.key"


def _accepts(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
