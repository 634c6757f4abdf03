"""The order in which credentials are looked for. The first place that has some decides."""

import threading
from collections.abc import Mapping
from typing import Protocol

from dget.config.credentials.server_names import normal_key
from dget.flow import Clock, Noted, Observer, SystemClock, Warned
from dget.protocol.auth import Credential

# Helpers of clouds give passwords that expire within the hour, and people log in anew while a program runs on.
_FRESH_FOR = 300.0


class Source(Protocol):
    """place: what it is, for people. It is not read before it is asked."""

    place: str

    def find(self, domain: str, repository: str) -> Credential | None: ...


class CredentialLookup:
    """Credentials by registry and repository, each looked for once in five minutes. Threads may use it together.

    given: the name and the password of this run, which go before all others and to the first registry that asks for
    credentials alone.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        observer: Observer,
        given: Credential | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._environment = environment
        self._clock = clock or SystemClock()
        self._given = given
        self._given_to = ""
        self._without_given: set[str] = set()
        self._observer = observer
        self._found: dict[tuple[str, str], tuple[Credential | None, float]] = {}
        self._lock = threading.Lock()

    def find(self, domain: str, repository: str = "") -> Credential | None:
        """For a registry that the person named. Raises UsageError, StorageError, BrokenHelper."""
        with self._lock:
            return self._given_for(domain) or self._stored(normal_key(domain), repository)

    def stored(self, domain: str, repository: str = "") -> Credential | None:
        """For a host that the person did not name, such as a mirror: what this run was given is not for it.

        Raises UsageError, StorageError, BrokenHelper.
        """
        with self._lock:
            return self._stored(normal_key(domain), repository)

    def _given_for(self, domain: str) -> Credential | None:
        if self._given is None:
            return None
        registry = normal_key(domain)
        if not self._given_to:
            self._given_to = registry
            self._observer(Noted(text=f"credentials for {registry}: from {self._given.source}"))
        if registry == self._given_to:
            return self._given
        if registry not in self._without_given:
            self._without_given.add(registry)
            self._observer(
                Warned(text=f"the name and the password of this run are for {self._given_to}, not for {registry}")
            )
        return None

    def _stored(self, registry: str, repository: str) -> Credential | None:
        now = self._clock.monotonic()
        found, since = self._found.get((registry, repository), (None, float("-inf")))
        if now - since > _FRESH_FOR:
            found = self._look_for(registry, repository)
            self._found[registry, repository] = (found, now)
        return found

    def _look_for(self, registry: str, repository: str) -> Credential | None:
        wanted = f"credentials for {registry}/{repository}" if repository else f"credentials for {registry}"
        for source in self._sources():
            found = source.find(registry, repository)
            if found:
                self._observer(Noted(text=f"{wanted}: from {found.source}"))
                return found
            self._observer(Noted(text=f"{wanted}: none in {source.place}"))
        return None

    def _sources(self) -> list[Source]:
        """New ones, which read the files as they are now. Most registries let everybody in, and nobody needs them."""
        from dget.config.credentials.containers_auth import ContainersAuth
        from dget.config.credentials.docker_config import DockerConfig
        from dget.config.credentials.netrc_file import Netrc
        from dget.config.credentials.own_store import OwnStore

        return [
            OwnStore(self._environment, self._observer),
            DockerConfig(self._environment, self._observer),
            ContainersAuth(self._environment),
            Netrc(self._environment),
        ]
