"""From a reference to the hosts that may have it, in order, and which configuration named each."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from dget.config.mirrors.containerd_hosts import ContainerdHosts
from dget.config.mirrors.docker_daemon import DockerDaemon
from dget.config.mirrors.host import Host, api_root
from dget.config.mirrors.host_files import HostFiles
from dget.config.mirrors.named_mirrors import NamedMirrors
from dget.config.mirrors.registries_conf import RegistriesConf
from dget.config.mirrors.registries_files import registries_hosts
from dget.flow import Noted, Observer
from dget.model import Reference
from dget.protocol.origin import is_loopback

_BUILT_IN = "the image's name"


class KnownHosts(msgspec.Struct, frozen=True):
    """All that was configured. named: by dget's own means, the first counts most. insecure: whether the person asked
    for plain HTTP and unchecked certificates everywhere; plain: registries that were asked for by http://.
    """

    named: Sequence[NamedMirrors]
    docker: DockerDaemon | None
    files: HostFiles
    registries: RegistriesConf
    insecure: bool = False
    plain: frozenset[str] = frozenset()

    @classmethod
    def read(
        cls,
        named: Sequence[NamedMirrors],
        files: HostFiles,
        *,
        insecure: bool = False,
        plain: frozenset[str] = frozenset(),
    ) -> "KnownHosts":
        """Raises UsageError where a file cannot be read or makes no sense."""
        docker = next((found for path in files.docker if (found := DockerDaemon.read(path))), None)
        return cls(named, docker, files, files.registries.read(), insecure, plain)

    def expanded(self, text: str, observer: Observer) -> str:
        """A short name that registries.conf knows, made full; anything else as it is. text: without registry or not."""
        name, mark, rest = _split_name(text)
        found = self.registries.full_name(name)
        if found is None:
            return text
        full, path = found
        observer(Noted(text=f"{name} stands for {full} ({path})"))
        return f"{full}{mark}{rest}"

    def hosts(self, reference: Reference, observer: Observer) -> tuple[Host, ...]:
        """Mirrors in order of preference, the origin last; each address once, as the first that names it says.

        Raises UsageError where a file makes no sense, or blocks the reference.
        """
        containerd = ContainerdHosts.read(self.files.containerd, reference)
        registries, primary = registries_hosts(self.registries, reference)
        mirrors = [host for named in self.named for host in named.hosts(reference)]
        mirrors += self.docker.hosts(reference) if self.docker else []
        mirrors += containerd.mirrors if containerd else ()
        mirrors += registries
        origin = (containerd.server if containerd else None) or primary or self._origin(reference)
        found = [self._loosened(host) for host in _once([*mirrors, origin], origin)]
        for host in found:
            what = "the registry itself" if host.origin else "a mirror"
            observer(Noted(text=f"{reference.name}: {host.url} is {what}, from {host.source}"))
        return tuple(found)

    def _origin(self, reference: Reference) -> Host:
        return Host(url=api_root(reference.domain), repository=reference.repository, source=_BUILT_IN, origin=True)

    def _loosened(self, host: Host) -> Host:
        """What was allowed for a host by its name: no valid TLS, or no TLS at all."""
        # A registry on this machine mostly speaks plain HTTP: Docker asks it by both ways too.
        local = is_loopback(_without_port(host.name))
        insecure = self.insecure or (self.docker is not None and self.docker.insecure(host.name))
        if insecure:
            return replace(host, plain_http=True, tls=replace(host.tls, verify=False))
        return replace(host, plain_http=host.plain_http or local or host.name in self.plain)


def _once(hosts: Sequence[Host], origin: Host) -> list[Host]:
    """A mirror that is the origin is the origin."""
    found: dict[tuple[str, str], Host] = {}
    for host in hosts:
        key = (host.url, host.repository)
        if key != (origin.url, origin.repository) or host is origin:
            found.setdefault(key, host)
    return list(found.values())


def _split_name(text: str) -> tuple[str, str, str]:
    """The name, and what follows it from its `:` or `@` on. A colon before a slash is a port's."""
    name, at, digest = text.partition("@")
    base, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return base, ":", f"{tag}{at}{digest}"
    return name, at, digest


def _without_port(name: str) -> str:
    return name if name.endswith("]") or ":" not in name else name.rpartition(":")[0]
