"""Where a registry is on the wire."""

from dataclasses import dataclass
from typing import Self

from dget.model.reference import DOCKER_HUB
from dget.protocol.auth import Realm
from dget.protocol.origin import is_loopback

_HUB_HOST = "registry-1.docker.io"
# Known, so that the first request needs no 401 to learn it.
_REALMS = {DOCKER_HUB: Realm(url="https://auth.docker.io/token", service="registry.docker.io")}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """urls: without `/v2`, in the order in which they are tried; realm: its token service where that is known."""

    urls: tuple[str, ...]
    realm: Realm | None = None

    @classmethod
    def of(cls, domain: str, *, plain_http: bool = False) -> Self:
        """TLS alone, but on this machine, or where the user allowed plain HTTP, that comes second."""
        host = _HUB_HOST if domain == DOCKER_HUB else domain
        bare = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        urls = [f"https://{host}"]
        if plain_http or is_loopback(bare):
            urls.append(f"http://{host}")
        return cls(tuple(urls), _REALMS.get(domain))
