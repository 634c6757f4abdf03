"""One file of containers' registries.conf: prefixes, where they lead, mirrors, short names.

Source: containers-registries.conf(5); containers/image, pkg/sysregistriesv2.
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

from dget.config.mirrors.config_file import ConfigFile
from dget.errors import UsageError
from dget.model import Reference

# A full name that is valid for sure: none so short has 64 hexadecimal digits.
_USUAL_NAME = r"(?=.{1,60}\Z)[a-z0-9]+([.-][a-z0-9]+)*\.[a-z]+(/[a-z0-9]+([-_][a-z0-9]+)*)+"
_PREFIX = r"\*\.[A-Za-z0-9.-]+|[A-Za-z0-9.\[\]_-]+(?::[0-9]+)?(?:/[\w./:@-]+)?"


class _Endpoint(msgspec.Struct, rename="kebab"):
    location: str = ""
    insecure: bool = False


class _Mirror(_Endpoint, rename="kebab"):
    pull_from_mirror: Literal["", "all", "digest-only", "tag-only"] = ""


class _Registry(_Endpoint, rename="kebab"):
    prefix: str = ""
    blocked: bool = False
    mirror_by_digest_only: bool = False
    mirror: tuple[_Mirror, ...] = ()


class _List(msgspec.Struct):
    registries: tuple[str, ...] = ()


class _Version1(msgspec.Struct):
    """Old systems still have it. Its list of registries to search concerns short names alone, and is passed over."""

    insecure: _List = msgspec.field(default_factory=_List)
    block: _List = msgspec.field(default_factory=_List)


class _Document(msgspec.Struct):
    registry: tuple[_Registry, ...] = ()
    aliases: dict[str, str] = {}
    registries: _Version1 | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """location: replaces the prefix in a name. digests, tags: what kind of reference it is for."""

    location: str
    insecure: bool = False
    digests: bool = True
    tags: bool = True


class RegistryRule(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of the names under a prefix. primary: location is empty where the name stays as it is."""

    prefix: str
    primary: Endpoint
    mirrors: tuple[Endpoint, ...]
    blocked: bool
    source: Path

    def matches(self, name: str) -> int:
        """How many characters of a name, `docker.io/library/alpine`, the prefix takes; 0 where it does not match."""
        if self.prefix.startswith("*."):
            domain = name.partition("/")[0]
            host = domain.rpartition(":")[0] if ":" in domain else domain
            return len(host) if host.endswith(self.prefix[1:]) else 0
        rest = name.removeprefix(self.prefix)
        # `example.com` takes `example.com:5000` too: containers/image does.
        return len(self.prefix) if name.startswith(self.prefix) and rest[:1] in ("", "/", ":", "@") else 0


class RegistriesConf(msgspec.Struct, frozen=True):
    """rules: by prefix. aliases: full names by short name, with the file that says so; empty ones are taken back."""

    rules: dict[str, RegistryRule] = msgspec.field(default_factory=dict)
    aliases: dict[str, tuple[str, Path]] = msgspec.field(default_factory=dict)

    @classmethod
    def parse(cls, file: ConfigFile) -> "RegistriesConf":
        """Raises UsageError."""
        document = file.toml(_Document)
        if document.registries and document.registry:
            raise file.wrong("versions 1 and 2 of the format exclude each other", "[registries")
        rules: dict[str, RegistryRule] = {}
        for registry in _converted(document.registries) if document.registries else document.registry:
            rule = _rule(file, registry)
            # The first of a prefix counts.
            rules.setdefault(rule.prefix, rule)
        return cls(rules, {short: (_alias(file, short, full), file.path) for short, full in document.aliases.items()})

    def updated(self, other: "RegistriesConf") -> "RegistriesConf":
        """With what `other` says in place of what was said of the same prefixes and short names."""
        return RegistriesConf(self.rules | other.rules, self.aliases | other.aliases)

    def rule_for(self, name: str) -> RegistryRule | None:
        """That of the longest prefix of a name as the person wrote it, made full."""
        found = [rule for rule in self.rules.values() if rule.matches(name)]
        return max(found, key=lambda rule: len(rule.prefix), default=None)

    def full_name(self, short: str) -> tuple[str, Path] | None:
        """What a short name, without tag, stands for, and the file that says so."""
        full, path = self.aliases.get(short, ("", Path()))
        return (full, path) if full else None


def _converted(old: _Version1) -> list[_Registry]:
    insecure, blocked = old.insecure.registries, old.block.registries
    return [
        _Registry(location=location, insecure=location in insecure, blocked=location in blocked)
        for location in (*insecure, *blocked)
    ]


def _rule(file: ConfigFile, registry: _Registry) -> RegistryRule:
    location = _location(file, registry.location)
    prefix = _location(file, registry.prefix) or location
    if not prefix:
        raise file.wrong("a [[registry]] has neither prefix nor location", "[[registry]]")
    if not location and not prefix.startswith("*."):
        raise file.wrong(f"the registry {prefix!r} has no location", prefix)
    if not re.fullmatch(_PREFIX, prefix):
        raise file.wrong(f"{prefix!r} is no prefix of a name", prefix, hint="a wildcard is written *.example.com")
    mirrors = []
    for mirror in registry.mirror:
        if not (place := _location(file, mirror.location)):
            raise file.wrong(f"a mirror of {prefix!r} has no location", "[[registry.mirror]]")
        if registry.mirror_by_digest_only and mirror.pull_from_mirror:
            raise file.wrong(
                f"mirror-by-digest-only of {prefix!r} and pull-from-mirror exclude each other", "pull-from-mirror"
            )
        only = "digest-only" if registry.mirror_by_digest_only else mirror.pull_from_mirror
        mirrors.append(
            Endpoint(location=place, insecure=mirror.insecure, digests=only != "tag-only", tags=only != "digest-only")
        )
    primary = Endpoint(location=location, insecure=registry.insecure)
    return RegistryRule(
        prefix=prefix, primary=primary, mirrors=tuple(mirrors), blocked=registry.blocked, source=file.path
    )


def _location(file: ConfigFile, text: str) -> str:
    if text.startswith(("http://", "https://")):
        raise file.wrong(
            f"the location {text!r} has a scheme", text, hint="leave it out; `insecure = true` allows HTTP"
        )
    return text.rstrip("/")


def _alias(file: ConfigFile, short: str, full: str) -> str:
    # Systems come with a list of a hundred, which is read at each start.
    if re.fullmatch(_USUAL_NAME, full):
        return full
    first = full.partition("/")[0]
    if full and ("/" not in full or not any(mark in first for mark in ".:")) and first != "localhost":
        raise file.wrong(f"the alias {short!r} stands for {full!r}, which names no registry", f'"{short}"', short)
    if full:
        try:
            reference = Reference.parse(full)
        except UsageError as error:
            raise file.wrong(f"the alias {short!r}: {error.message}", short) from error
        if reference.tag or reference.digest:
            raise file.wrong(f"the alias {short!r} stands for {full!r}, which has a tag or a digest", short)
    return full
