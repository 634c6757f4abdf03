"""What registries are called in files that hold credentials."""

import re
from collections.abc import Iterator

from dget.errors import UsageError
from dget.model.reference import DOCKER_HUB

# Docker keeps the name that Docker Hub had under the first protocol (docker/cli, cli/config: `IndexServer`).
_HUB_SERVER = "https://index.docker.io/v1/"
_HUB_NAMES = frozenset((DOCKER_HUB, "index.docker.io", "registry-1.docker.io"))
_API_PATHS = ("/v1", "/v2")
_HOST = r"(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?"


def registry_name(text: str) -> str:
    """`host` or `host:port` of a registry, as a person or a file writes it; `docker.io` by any of its names.

    Raises UsageError for what is no host.
    """
    name = normal_key(text)
    if not re.fullmatch(_HOST, name):
        raise UsageError(
            f"{text!r} is not the name of a registry", hint="a registry is written HOST or HOST:PORT, such as quay.io"
        )
    return name


def normal_key(key: str) -> str:
    """A key of `auths` in one form: `host[:port]`, or `host[:port]/namespace` where it is for a part alone.

    A key with a scheme is an address of the registry's API, whose path says nothing; without one a path names the
    repositories that it is for. Source: containers/image, pkg/docker/config, and containers-auth.json(5).
    """
    scheme, found, rest = key.strip().partition("://")
    address = rest if found else scheme
    host, _, path = address.partition("/")
    host = host.lower()
    host = DOCKER_HUB if host in _HUB_NAMES else host
    path = path.strip("/")
    if found or f"/{path}" in _API_PATHS or not path:
        return host
    return f"{host}/{path}"


def keys_for(domain: str, repository: str) -> Iterator[str]:
    """The keys that hold for a repository, the longest first; the registry's own comes last."""
    name = f"{normal_key(domain)}/{repository}" if repository else normal_key(domain)
    while name:
        yield name
        name = name.rpartition("/")[0]


def docker_server(domain: str) -> str:
    """What Docker calls a registry towards its credential helpers."""
    name = normal_key(domain)
    return _HUB_SERVER if name == DOCKER_HUB else name
