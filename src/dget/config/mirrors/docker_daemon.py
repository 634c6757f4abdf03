"""What Docker's daemon was told: mirrors of Docker Hub, and registries that need no valid TLS.

Source: docs.docker.com/reference/cli/dockerd, "Daemon configuration file"; moby, daemon/pkg/registry/config.go.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TypeAlias

import msgspec

from dget.config.mirrors.config_file import ConfigFile
from dget.config.mirrors.host import Host
from dget.config.mirrors.mirror_url import mirror_root
from dget.config.tls import HostTls
from dget.model import Reference
from dget.model.reference import DOCKER_HUB
from dget.protocol.origin import host_of

Network: TypeAlias = IPv4Network | IPv6Network


class _Document(msgspec.Struct, rename="kebab"):
    registry_mirrors: tuple[str, ...] = ()
    insecure_registries: tuple[str, ...] = ()


class DockerDaemon(msgspec.Struct, frozen=True):
    """roots: of Docker Hub's mirrors. names, networks: of registries that need no valid TLS."""

    path: Path
    roots: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "DockerDaemon | None":
        """None where there is no such file. Raises UsageError."""
        file = ConfigFile.read(path)
        return None if file is None else cls.parse(file)

    @classmethod
    def parse(cls, file: ConfigFile) -> "DockerDaemon":
        """Raises UsageError."""
        document = file.json(_Document)
        roots = []
        for mirror in document.registry_mirrors:
            try:
                roots.append(mirror_root(mirror))
            except ValueError as error:
                raise file.wrong(f"registry-mirrors: {error}", f'"{mirror}"', "registry-mirrors") from None
        names, networks = set(), []
        for entry in document.insecure_registries:
            # Docker takes a scheme away, and warns.
            bare = entry.removeprefix("http://").removeprefix("https://").rstrip("/").lower()
            network = _network(bare)
            if network is not None:
                networks.append(network)
            elif bare and "/" not in bare:
                names.add(bare)
            else:
                text = f"insecure-registries: {entry!r} is neither HOST[:PORT] nor a network"
                raise file.wrong(text, f'"{entry}"', "insecure-registries")
        return cls(file.path, tuple(roots), frozenset(names), tuple(networks))

    def hosts(self, reference: Reference) -> list[Host]:
        """Docker Hub's mirrors; other registries have none here."""
        if reference.domain != DOCKER_HUB:
            return []
        return [self._mirror(root, reference.repository) for root in self.roots]

    def insecure(self, name: str) -> bool:
        """Whether `host[:port]` is among them. Networks hold addresses as they are written; no name is looked up."""
        if name.lower() in self.names:
            return True
        bare = name.rpartition(":")[0] if _has_port(name) else name
        try:
            address = ip_address(bare.strip("[]"))
        except ValueError:
            return False
        return any(address in network for network in self.networks)

    def _mirror(self, root: str, repository: str) -> Host:
        insecure = self.insecure(host_of(root))
        return Host(
            url=root,
            repository=repository,
            source=str(self.path),
            plain_http=insecure,
            tls=HostTls(verify=not insecure),
        )


def _has_port(name: str) -> bool:
    return ":" in name.rpartition("]")[2]


def _network(text: str) -> Network | None:
    if "/" not in text:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
