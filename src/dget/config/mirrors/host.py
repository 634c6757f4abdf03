"""A place that an image may be asked of: its registry's own host, or a mirror of it."""

import enum
from urllib.parse import urlsplit

import msgspec

from dget.config.tls import HostTls
from dget.discreet import Discreet
from dget.model.reference import DOCKER_HUB

# What docker.io is called on the wire.
HUB_HOST = "registry-1.docker.io"


class Capability(enum.Flag):
    """What a host may be asked for: content by digest, what a tag names, and to take content.

    Source: containerd, docs/hosts.md, "capabilities".
    """

    PULL = enum.auto()
    RESOLVE = enum.auto()
    PUSH = enum.auto()


EVERYTHING = Capability.PULL | Capability.RESOLVE | Capability.PUSH


class Host(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One host of an image. Its place in the list that a look-up gives is its priority.

    url: root of the API, `/v2` included where it has one, without a slash at its end. repository: what the image's is
    called there. source: the configuration that named it, for people. origin: whether it is the registry's own.
    plain_http: whether HTTP may be spoken where TLS is not. headers: sent with each request to it.
    namespace: the registry that it stands for, told to it as `?ns=`.
    """

    secrets = frozenset(("headers",))

    url: str
    repository: str
    source: str
    origin: bool = False
    capabilities: Capability = EVERYTHING
    plain_http: bool = False
    tls: HostTls = msgspec.field(default_factory=HostTls)
    headers: tuple[tuple[str, str], ...] = ()
    namespace: str | None = None

    @property
    def name(self) -> str:
        """`host` or `host:port`."""
        return urlsplit(self.url).netloc

    @property
    def domain(self) -> str:
        """The name under which people keep credentials for it."""
        return DOCKER_HUB if self.name == HUB_HOST else self.name

    def can(self, capability: Capability) -> bool:
        return capability in self.capabilities


def api_root(domain: str, scheme: str = "https") -> str:
    """Where the registry of that name is on the wire."""
    return f"{scheme}://{HUB_HOST if domain == DOCKER_HUB else domain}/v2"
