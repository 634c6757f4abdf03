"""A network of one process alone, in which this machine has any address and names lead where a test says.

What a public registry may not do can be seen there without one.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.parts.nginx import LOG_FORMAT, Asked, read_log
from tests.parts.process import need

_TIMEOUT = 60
_NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log error.log notice; user root;
events {{ }}
http {{
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    default_type application/json;
    log_format proof escape=json '{log}';
    access_log access.log proof;
    {servers}
}}
"""
_SCRIPT = """
ip link set lo up
for address in $1; do ip addr add "$address" dev lo; done
mount --bind "$2/hosts" /etc/hosts
"$3" -p "$2/" -e error.log -c nginx.conf & server=$!
tries=0
while [ ! -s "$2/nginx.pid" ] && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
shift 3
"$@"
status=$?
kill $server
wait $server
exit $status
"""


class PrivateNet:
    """Skips where no such network may be had. asked: what its servers were asked in the last run."""

    def __init__(self, folder: Path, *servers: str, names: Mapping[str, str]) -> None:
        """servers: as `nginx.server` gives them; names: their addresses by host name."""
        (folder / "temp").mkdir(parents=True)
        self._folder = folder
        self._addresses = " ".join(sorted(set(names.values())))
        (folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(f"{at} {name}\n" for name, at in names.items()))
        (folder / "nginx.conf").write_text(_NGINX.format(servers="\n".join(servers), log=LOG_FORMAT))
        alone = [need("unshare", "util-linux"), "--net", "--mount", "--pid", "--fork", "--kill-child"]
        self._alone = [*alone, *([] if os.geteuid() == 0 else ["--map-root-user"]), "--"]
        possible = [*self._alone, "sh", "-c", "ip link set lo up"]
        need("ip", "iproute2")
        if subprocess.run(possible, capture_output=True, check=False).returncode:
            pytest.skip("this user may not have a network of his own")

    @property
    def asked(self) -> list[Asked]:
        return read_log(self._folder / "access.log")

    def run(self, *command: str | Path, environment: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Runs a command in it, and its servers as long."""
        (self._folder / "access.log").unlink(missing_ok=True)
        inside: Sequence[str | Path] = [
            *self._alone,
            "sh",
            "-c",
            _SCRIPT,
            "sh",
            self._addresses,
            self._folder,
            need("nginx", "nginx-light"),
            *command,
        ]
        return subprocess.run(
            inside, env=environment, cwd=cwd, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
