"""Debian's MIT Kerberos: a realm of the tests' own, with one user, and one proxy as its service."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.distribution import free_port
from tests.parts.process import Daemon, need

REALM = "DGET.TEST"
_TIMEOUT = 60
_CLIENT = """
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
"""
_SERVER = """
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
    }}
[logging]
    kdc = FILE:{folder}/log
"""


class Kerberos:
    """Runs from construction until `stop`, or for the length of a `with`. Skips where MIT Kerberos is missing.

    service: the principal of the proxy; keytab: its key; config: what clients and the proxy read.
    """

    def __init__(self, folder: Path, *, host: str) -> None:
        """host: where the proxy is, as its URL names it."""
        folder.mkdir(parents=True)
        self._folder = folder
        port = free_port()
        self.service = f"HTTP/{host}@{REALM}"
        self.keytab = folder / "keytab"
        self.config = folder / "krb5.conf"
        self.config.write_text(_CLIENT.format(realm=REALM, port=port))
        profile = folder / "kdc.conf"
        profile.write_text(_SERVER.format(realm=REALM, port=port, folder=folder))
        self._environment = {**os.environ, "KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(profile)}
        program = need("krb5kdc", "krb5-kdc")
        self._run(need("kdb5_util", "krb5-kdc"), "create", "-s", "-P", "master", "-r", REALM)
        for query in (
            "addprinc -pw geheim me",
            f"addprinc -randkey {self.service}",
            f"ktadd -k {self.keytab} {self.service}",
        ):
            self._run(need("kadmin.local", "krb5-admin-server"), "-r", REALM, "-q", query)
        self._daemon = Daemon(
            [program, "-n", "-r", REALM], folder / "output", lambda: _accepts(port), self._environment
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ticket(self) -> Mapping[str, str]:
        """What `kinit` gives the user: the environment that leads to his ticket."""
        cache = {"KRB5CCNAME": f"FILE:{self._folder}/ticket"}
        kinit = [need("kinit", "krb5-user"), f"me@{REALM}"]
        environment = {**self._environment, **cache}
        subprocess.run(
            kinit, input="geheim\n", text=True, env=environment, check=True, capture_output=True, timeout=_TIMEOUT
        )
        return {"KRB5_CONFIG": str(self.config), **cache}

    def stop(self) -> None:
        self._daemon.stop()

    def _run(self, *command: str) -> None:
        subprocess.run(command, env=self._environment, check=True, capture_output=True, timeout=_TIMEOUT)


def _accepts(port: int) -> bool:
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
        return True
