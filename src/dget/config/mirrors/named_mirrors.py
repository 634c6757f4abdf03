"""Mirrors that dget itself was told of: `--mirror`, and its own configuration file."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dget.config.mirrors.host import Host
from dget.config.mirrors.mirror_url import mirror_root
from dget.errors import UsageError
from dget.model import Reference
from dget.model.reference import DOCKER_HUB, check_domain

_HINT = "write URL for a mirror of Docker Hub, or REGISTRY=URL, for example quay.io=https://mirror.example"


class NamedMirrors(msgspec.Struct, frozen=True):
    """roots: of the API, by registry. source: who named them, for people."""

    source: str
    roots: Mapping[str, Sequence[str]] = msgspec.field(default_factory=dict)

    @classmethod
    def of_words(cls, words: Iterable[str]) -> "NamedMirrors":
        """Of `--mirror`: `URL` for Docker Hub, `REGISTRY=URL` for another registry. Raises UsageError."""
        by_registry: dict[str, list[str]] = {}
        for word in words:
            registry, url = _split(word)
            by_registry.setdefault(registry, []).append(url)
        return cls.of_mapping(by_registry, source="--mirror")

    @classmethod
    def of_mapping(cls, urls: Mapping[str, Sequence[str]], *, source: str) -> "NamedMirrors":
        """urls: by registry, in the order of preference. Raises UsageError."""
        roots: dict[str, list[str]] = {}
        for registry, addresses in urls.items():
            own = roots.setdefault(_registry(registry, source), [])
            for address in addresses:
                try:
                    own.append(mirror_root(address))
                except ValueError as error:
                    raise UsageError(f"{source}: {error}", hint=_HINT) from None
        return cls(source, roots)

    def hosts(self, reference: Reference) -> list[Host]:
        return [
            Host(url=root, repository=reference.repository, source=self.source)
            for root in self.roots.get(reference.domain, ())
        ]


def _split(word: str) -> tuple[str, str]:
    """A URL may hold a `=`, yet not before its scheme."""
    registry, equals, url = word.partition("=")
    if equals and "://" not in registry:
        return registry, url
    return DOCKER_HUB, word


def _registry(name: str, source: str) -> str:
    try:
        return check_domain(name)
    except UsageError:
        raise UsageError(f"{source}: {name!r} is no registry's name", hint=_HINT) from None
