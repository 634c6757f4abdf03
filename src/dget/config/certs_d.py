"""Certificates that Docker's and podman's users have set up: folders named after a registry's host and port.

`*.crt` are authorities, `NAME.cert` with `NAME.key` a client certificate.
Sources: docs.docker.com/engine/security/certificates, containers-certs.d(5); the order is containers/image's.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dget.config.tls import HostTls, Origin
from dget.errors import UsageError

_DEFAULT_PORT = 443


def certs_folders(environment: Mapping[str, str], *, system: Path = Path("/etc")) -> list[Path]:
    """Where they are looked for: the person's own before the system's, podman's before Docker's."""
    own = []
    if home := environment.get("USERPROFILE" if sys.platform == "win32" else "HOME"):
        config = Path(environment.get("XDG_CONFIG_HOME") or Path(home) / ".config")
        # Those of podman, of Docker without root, and of Docker Desktop.
        own = [config / "containers", config / "docker", Path(home) / ".docker"]
    if sys.platform == "win32":
        shared = [Path(environment.get("PROGRAMDATA", "C:/ProgramData")) / "docker"]
    else:
        shared = [system / "containers", system / "docker"]
    return [folder / "certs.d" for folder in (*own, *shared)]


def read_certs(folders: Sequence[Path], origin: Origin) -> HostTls | None:
    """The first folder of that host counts, alone; None where there is none.

    Raises UsageError for a client certificate without its key, or a key without its certificate.
    """
    for name in _names(origin):
        for folder in folders:
            if found := _read(folder / name):
                return found
    return None


def _names(origin: Origin) -> list[str]:
    _, host, port = origin
    bare = f"[{host}]" if ":" in host else host
    names = [f"{bare}:{port}", *([bare] if port == _DEFAULT_PORT else [])]
    # No file of Windows has a colon in its name: Docker leaves it out.
    return [name.replace(":", "") for name in names] if sys.platform == "win32" else names


def _read(folder: Path) -> HostTls | None:
    try:
        files = sorted(folder.iterdir())
    except OSError:
        # Not there, or not for us: Docker's may be the administrator's alone.
        return None
    by_name = {path.name: path for path in files}
    pairs = [(path, path.with_suffix(".key")) for path in files if path.suffix == ".cert"]
    keys = {path.with_suffix(".cert") for path in files if path.suffix == ".key"}
    for certificate, key in pairs:
        if key.name not in by_name:
            raise _half(certificate, f"its key, {key.name}, is not beside it")
    for wanted in sorted(keys):
        if wanted.name not in by_name:
            raise _half(wanted.with_suffix(".key"), f"its certificate, {wanted.name}, is not beside it")
    return HostTls(
        ca_files=tuple(path for path in files if path.suffix == ".crt"),
        # libcurl shows one: the first.
        client_certificate=pairs[0][0] if pairs else None,
        client_key=pairs[0][1] if pairs else None,
    )


def _half(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} cannot be used: {why}",
        hint="a client certificate is NAME.cert with NAME.key; an authority's certificate is NAME.crt",
    )
