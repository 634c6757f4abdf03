"""Where a registry is on the wire."""

import threading
from collections.abc import Sequence
from typing import Self

from dget.model.reference import DOCKER_HUB, wire_host
from dget.protocol.auth import Authority, CredentialsOf, Realm
from dget.protocol.origin import is_loopback

# Known, so that the first request needs no 401 to learn it.
_REALMS = {DOCKER_HUB: Realm(url="https://auth.docker.io/token", service="registry.docker.io")}


class Endpoint:
    """A registry's URLs, and what was learned of it: which one answers, and how it wants to be authenticated.

    Sessions of several repositories share it, from several threads.
    """

    def __init__(self, urls: Sequence[str], credentials: CredentialsOf, realm: Realm | None = None) -> None:
        """urls: without `/v2`, in the order in which they are tried."""
        self.authority = Authority(urls[0], credentials, realm)
        self.settling = threading.Lock()
        self.settled = False
        self._urls = list(urls)

    @classmethod
    def of(cls, domain: str, credentials: CredentialsOf, *, plain_http: bool = False) -> Self:
        """TLS alone, but on this machine, or where the user allowed plain HTTP, that comes second."""
        host = wire_host(domain)
        bare = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        urls = [f"https://{host}"]
        if plain_http or is_loopback(bare):
            urls.append(f"http://{host}")
        return cls(urls, credentials, _REALMS.get(domain))

    @property
    def url(self) -> str:
        """The one that answers, or is to be tried now."""
        return self._urls[0]

    @property
    def asks_who(self) -> bool:
        """Whether it was seen to ask for credentials, or for a token."""
        return self.authority.basic or self.authority.realm is not None

    def next_url(self) -> bool:
        """Gives up on this one; whether there is another."""
        if len(self._urls) == 1:
            return False
        del self._urls[0]
        self.authority.registry_url = self.url
        return True
