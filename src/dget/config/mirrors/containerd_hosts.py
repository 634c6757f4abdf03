"""containerd's `certs.d/<registry>/hosts.toml`: mirrors and trust of one registry.

Source: containerd, docs/hosts.md and core/remotes/docker/config/hosts.go.
"""

from collections.abc import Sequence
from pathlib import Path
from posixpath import normpath
from urllib.parse import urlsplit

import msgspec

from dget.config.mirrors.config_file import ConfigFile
from dget.config.mirrors.host import EVERYTHING, Capability, Host, api_root
from dget.config.tls import HostTls
from dget.model import Reference

_CAPABILITIES = {"pull": Capability.PULL, "resolve": Capability.RESOLVE, "push": Capability.PUSH}


class _HostFields(msgspec.Struct):
    """ca: a file, or several. client: a file of both, several such, or pairs of certificate and key."""

    capabilities: tuple[str, ...] = ()
    ca: str | tuple[str, ...] = ()
    client: str | tuple[str | tuple[str, str], ...] = ()
    skip_verify: bool = False
    header: dict[str, str | tuple[str, ...]] = {}
    override_path: bool = False


class _Document(_HostFields):
    """The fields outside of `[host]` are the server's."""

    server: str = ""
    host: dict[str, _HostFields] = {}


class ContainerdHosts(msgspec.Struct, frozen=True):
    """What one file says: its hosts in order, the server last. They are of the reference that they were read for."""

    mirrors: tuple[Host, ...]
    server: Host | None

    @classmethod
    def read(cls, folders: Sequence[Path], reference: Reference) -> "ContainerdHosts | None":
        """From the first folder that has one for the reference's registry. Raises UsageError."""
        for folder in folders:
            for name in directories(reference.domain):
                own = folder / name
                if not own.is_dir():
                    continue
                # This one is used, whatever it holds; they are never merged.
                file = ConfigFile.read(own / "hosts.toml")
                return None if file is None else cls.parse(file, reference)
        return None

    @classmethod
    def parse(cls, file: ConfigFile, reference: Reference) -> "ContainerdHosts":
        """Raises UsageError."""
        document = file.toml(_Document)
        mirrors = [_host(file, url, fields, reference, origin=False) for url, fields in document.host.items()]
        server = _host(file, document.server or api_root(reference.domain), document, reference, origin=True)
        return cls(tuple(mirrors), server)


def directories(domain: str) -> list[str]:
    """Names of the folder for a registry, in the order in which containerd looks: `host_port_`, `host:port`, `_default`."""
    host, colon, port = domain.rpartition(":")
    # Windows has no colons in names.
    first = [f"{host}_{port}_"] if colon and port.isdecimal() else []
    return [*first, domain, "_default"]


def _host(file: ConfigFile, address: str, fields: _HostFields, reference: Reference, *, origin: bool) -> Host:
    url = _root(file, address, override_path=fields.override_path)
    own = url.partition("://")[2].partition("/")[0]
    default = urlsplit(api_root(reference.domain)).netloc
    return Host(
        url=url,
        repository=reference.repository,
        source=str(file.path),
        origin=origin,
        capabilities=_capabilities(file, fields.capabilities),
        tls=_tls(fields, file.path.parent),
        headers=_headers(file, fields.header),
        namespace=None if own in (default, reference.domain) else reference.domain,
    )


def _root(file: ConfigFile, address: str, *, override_path: bool) -> str:
    url = address if address.startswith(("http://", "https://")) else f"https://{address}"
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(mark.isspace() for mark in url):
        raise file.wrong(f"{address!r} is no host", address)
    if "@" in parts.netloc or parts.query or parts.fragment:
        where = parts.netloc.rpartition("@")[2]
        raise file.wrong(f"the address of {where} holds more than host, port and path", where)
    path = normpath(parts.path).rstrip("/") if parts.path else ""
    if not override_path and not path.endswith("/v2"):
        path += "/v2"
    return f"{parts.scheme}://{parts.netloc}{path}"


def _capabilities(file: ConfigFile, names: Sequence[str]) -> Capability:
    if not names:
        return EVERYTHING
    found = Capability(0)
    for name in names:
        if name.lower() not in _CAPABILITIES:
            raise file.wrong(f"unknown capability {name!r}", name, hint=f"there are: {', '.join(_CAPABILITIES)}")
        found |= _CAPABILITIES[name.lower()]
    return found


def _tls(fields: _HostFields, folder: Path) -> HostTls:
    """Relative paths are of the file's own folder. Of several client certificates the first is shown: libcurl takes one."""
    authorities = (fields.ca,) if isinstance(fields.ca, str) else fields.ca
    clients = (fields.client,) if isinstance(fields.client, str) else fields.client
    certificate, key = "", ""
    if clients:
        certificate, key = (clients[0], "") if isinstance(clients[0], str) else clients[0]
    return HostTls(
        ca_files=tuple(folder / authority for authority in authorities),
        client_certificate=folder / certificate if certificate else None,
        client_key=folder / key if key else None,
        verify=not fields.skip_verify,
    )


def _headers(file: ConfigFile, header: dict[str, str | tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    fields = []
    for name, values in header.items():
        for value in (values,) if isinstance(values, str) else values:
            if not name.isascii() or not name.replace("-", "").isalnum() or not value.isprintable():
                raise file.wrong(f"header {name!r} cannot be sent", f"{name} =", name)
            fields.append((name, value))
    return tuple(fields)
