"""The name of an image as people write it: `alpine`, `quay.io/a/b:1`, `localhost:5000/x@sha256:…`."""

import re
from ipaddress import IPv6Address
from typing import Self

import msgspec
from msgspec.structs import replace

from dget.errors import UsageError
from dget.model.digest import Digest

DOCKER_HUB = "docker.io"
_DOCKER_HUB_WIRE = "registry-1.docker.io"
DEFAULT_TAG = "latest"
# Docker Hub's other names: of old, on the wire, and in the original tool's default.
_HUB_DOMAINS = frozenset(("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"))

# Grammar: github.com/distribution/reference, regexp.go.
_DOMAIN_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_NAME_MAX = 255
_PORT_MAX = 65_535


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A repository at a registry, and which of its images. Without tag and digest it means `latest`.

    Where both tag and digest are given, the digest decides.
    """

    domain: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str, *, default_domain: str = DOCKER_HUB) -> Self:
        """Raises UsageError, saying which part is wrong. default_domain: of names without one."""
        _refuse_what_is_no_reference(text)
        rest, at, digest_text = text.removeprefix("docker://").partition("@")
        digest = _parse_digest(text, digest_text) if at else None
        domain, path = _split_domain(rest)
        domain = domain or check_domain(default_domain)
        repository, colon, tag = path.partition(":")
        if domain == DOCKER_HUB and "/" not in repository:
            _refuse_hex_name(text, repository)
            repository = f"library/{repository}"
        _check_repository(text, domain, repository)
        if colon and not _TAG.fullmatch(tag):
            raise UsageError(
                f"invalid tag {tag!r} in {text!r}",
                hint="a tag has letters, digits, '_', '.' and '-', at most 128 of them",
            )
        return cls(domain=domain, repository=repository, tag=tag or None, digest=digest)

    @property
    def name(self) -> str:
        """Fully qualified, without tag: `docker.io/library/alpine`."""
        return f"{self.domain}/{self.repository}"

    @property
    def familiar_name(self) -> str:
        """As Docker shows it: `alpine`, `quay.io/a/b`."""
        short = self.repository.removeprefix("library/")
        if self.domain != DOCKER_HUB or _names_domain(short):
            return self.name
        return self.repository if "/" in short else short

    @property
    def selector(self) -> str:
        """What a manifest is asked by: the digest, else the tag."""
        return str(self.digest) if self.digest else self.tag or DEFAULT_TAG

    @property
    def label(self) -> str:
        """The tag under which an archive carries it; `sha256-<12 digits>` where only a digest is known."""
        if self.digest and not self.tag:
            return f"{self.digest.algorithm}-{self.digest.short}"
        return self.tag or DEFAULT_TAG

    @property
    def archive_name(self) -> str:
        """The name an engine gives to the loaded image, e.g. `docker.io/library/alpine:3.20`."""
        return f"{self.name}:{self.label}"

    @property
    def archive_names(self) -> tuple[str, ...]:
        """All that engines are to know it by: what is asked for by digest is found by that digest too.

        Kubernetes looks for `NAME@DIGEST` where a pod names its image so, with a tag or without
        (github.com/distribution/reference, ParseDockerRef; containerd's CRI image store).
        """
        return (self.archive_name, *([f"{self.name}@{self.digest}"] if self.digest else []))

    @property
    def cache_name(self) -> str:
        """Under which a cache notes what it stands for: what is asked for by digest says nothing about the tag beside it."""
        return replace(self, tag=None).archive_name if self.digest else self.archive_name

    def with_digest(self, digest: Digest) -> Self:
        return replace(self, digest=digest)

    def with_tag(self, tag: str) -> Self:
        """Raises UsageError where `tag` is not one."""
        if not _TAG.fullmatch(tag):
            raise UsageError(f"invalid tag {tag!r}")
        return replace(self, tag=tag)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.familiar_name}{tag}{digest}" if tag or digest else f"{self.familiar_name}:{DEFAULT_TAG}"


def _refuse_what_is_no_reference(text: str) -> None:
    if not text:
        raise UsageError("the image name is empty", hint="name an image, for example: dget alpine:3.20")
    if any(character.isspace() for character in text):
        raise UsageError(
            f"invalid image name {text!r}: it has a space in it",
            hint="an image is written NAME:TAG, for example: dget alpine:3.20",
        )
    if text.startswith(("http://", "https://")):
        raise UsageError(
            f"invalid image name {text!r}: it is a web address",
            hint="leave out the scheme, for example: dget quay.io/prometheus/busybox:latest",
        )
    if _DIGEST.fullmatch(text):
        raise UsageError(
            f"invalid image name {text!r}: it is a digest alone",
            hint="a registry is asked by name; write NAME@sha256:… to choose by digest",
        )


def check_domain(domain: str) -> str:
    """A registry's host, with Docker Hub under its one name. Raises UsageError where it is none."""
    if not _is_domain(domain):
        # It may hold a password.
        shown = domain.rpartition("@")[2]
        raise UsageError(f"invalid registry host {shown!r}", hint="a host is written NAME or NAME:PORT")
    return DOCKER_HUB if domain in _HUB_DOMAINS else domain


def _is_domain(text: str) -> bool:
    if not _DOMAIN.fullmatch(text):
        return False
    host, _, port = text.rpartition(":") if text[-1] != "]" and ":" in text else (text, "", "")
    try:
        return int(port or 1) <= _PORT_MAX and (host[0] != "[" or bool(IPv6Address(host[1:-1])))
    except ValueError:
        return False


def _split_domain(text: str) -> tuple[str, str]:
    """The domain, empty where none is written, and the rest."""
    if not _names_domain(text):
        return "", text
    first, _, rest = text.partition("/")
    return check_domain(first), rest


def _names_domain(text: str) -> bool:
    first, slash, _ = text.partition("/")
    return bool(slash) and (any(mark in first for mark in ".:[") or first == "localhost" or first != first.lower())


def _parse_digest(reference: str, text: str) -> Digest:
    try:
        return Digest.parse(text)
    except ValueError:
        raise UsageError(
            f"invalid digest {text!r} in {reference!r}",
            hint="a digest is written sha256: and 64 digits 0-9, a-f",
        ) from None


def _refuse_hex_name(text: str, repository: str) -> None:
    if _HEX64.fullmatch(repository):
        raise UsageError(
            f"invalid image name {text!r}: 64 hexadecimal digits are an image ID, not a name",
            hint="a registry is asked by name; write NAME@sha256:… to choose by digest",
        )


def _check_repository(text: str, domain: str, repository: str) -> None:
    if repository != repository.lower():
        raise UsageError(
            f"invalid image name {text!r}: a repository has no upper case",
            hint=f"try {repository.removeprefix('library/').lower()!r}",
        )
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(
            f"invalid image name {text!r}",
            hint="a name has lower-case letters and digits, with '.', '_', '-' between them and '/' between its parts",
        )
    if len(domain) + 1 + len(repository) > _NAME_MAX:
        raise UsageError(f"the image name is longer than {_NAME_MAX} characters")


def registry_host(text: str) -> str | None:
    """The registry that a word names; None where it names an image.

    A host has a dot, is `localhost`, or stands after https:// or http://: `redis:7` is an image, `quay.io` is none.
    """
    bare = text.removeprefix("https://").removeprefix("http://").rstrip("/")
    name, _, port = bare.rpartition(":")
    host = name if name and port.isdigit() else bare
    marked = bare != text or "." in host or "[" in host or host == "localhost"
    if not marked or not _is_domain(bare):
        return None
    return DOCKER_HUB if bare in ("index.docker.io", _DOCKER_HUB_WIRE) else bare


def wire_host(domain: str) -> str:
    """The host that answers for a registry: Docker Hub's name and address differ."""
    return _DOCKER_HUB_WIRE if domain == DOCKER_HUB else domain
