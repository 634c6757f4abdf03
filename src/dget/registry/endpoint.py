"""Where a host is on the wire."""

import threading
from collections.abc import Sequence
from typing import Self

from dget.config.mirrors import Host
from dget.config.mirrors.host import api_root
from dget.model.reference import DOCKER_HUB
from dget.protocol.auth import Authority, CredentialsOf, Realm
from dget.protocol.origin import is_loopback

# Known, so that the first request needs no 401 to learn it.
_REALMS = {api_root(DOCKER_HUB): Realm(url="https://auth.docker.io/token", service="registry.docker.io")}


class Endpoint:
    """A host's URLs, and what was learned of it: which one answers, and how it wants to be authenticated.

    Sessions of several repositories share it, from several threads. headers: sent with every request to the host
    itself; namespace: told to a mirror as `?ns=`; gives_blobs: whether it was seen to give one, not a link to it; gives_parts: whether it,
    or where its links lead, was seen to give the part of a blob that was asked for.
    """

    def __init__(
        self,
        roots: Sequence[str],
        credentials: CredentialsOf,
        *,
        headers: Sequence[tuple[str, str]] = (),
        namespace: str | None = None,
    ) -> None:
        """roots: of the API, with `/v2` where it has one, in the order in which they are tried."""
        self.authority = Authority(roots[0], credentials, _REALMS.get(roots[0]))
        self.settling = threading.Lock()
        self.settled = False
        self.gives_blobs = False
        self.gives_parts = False
        self.headers = tuple(headers)
        self.namespace = namespace
        self._roots = list(roots)

    @classmethod
    def of(cls, domain: str, credentials: CredentialsOf, *, plain_http: bool = False) -> Self:
        """The registry of that name. TLS alone, but on this machine, or where it is allowed, plain HTTP comes second."""
        bare = domain.rsplit(":", 1)[0] if not domain.endswith("]") else domain
        return cls(_roots(api_root(domain), plain_http=plain_http or is_loopback(bare)), credentials)

    @classmethod
    def at(cls, host: Host, credentials: CredentialsOf) -> Self:
        """A host that was configured. credentials: of this very host."""
        roots = _roots(host.url, plain_http=host.plain_http)
        return cls(roots, credentials, headers=host.headers, namespace=host.namespace)

    @property
    def root(self) -> str:
        """Of the API that answers, or is to be tried now."""
        return self._roots[0]

    @property
    def url(self) -> str:
        """The same, without `/v2`."""
        return self.root.removesuffix("/v2")

    @property
    def asks_who(self) -> bool:
        """Whether it was seen to ask for credentials, or for a token."""
        return self.authority.basic or self.authority.realm is not None

    def next_url(self) -> bool:
        """Gives up on this one; whether there is another."""
        if len(self._roots) == 1:
            return False
        del self._roots[0]
        self.authority.registry_url = self.root
        return True


def _roots(root: str, *, plain_http: bool) -> list[str]:
    if plain_http and root.startswith("https://"):
        return [root, root.replace("https://", "http://", 1)]
    return [root]
