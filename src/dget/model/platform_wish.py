"""Which of an image's platforms a person wants: one, several, a pattern, or all."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Self, TypeAlias

import msgspec

from dget.errors import UsageError
from dget.model.platform import Platform, choose_platform

_ALL = "all"
_PATTERN = r"[A-Za-z0-9_.+*?()-]+(/[A-Za-z0-9_.+*?-]+){0,2}"


class PlatformPattern(msgspec.Struct, frozen=True):
    """`linux/*`, `*/arm64`, `linux/arm/v*`, or `all`: whatever is built and matches, in the index's order."""

    text: str

    def matches(self, platform: Platform) -> bool:
        """Part by part, `*` and `?` as in file names; parts that the pattern leaves out are not looked at."""
        if self.text == _ALL:
            return True
        one = platform.normalised()
        system, *rest = self.text.split("/")
        # A Windows build may be meant with its version or without.
        systems = {one.os, f"{one.os}({one.os_version})"}
        return any(fnmatchcase(name, system) for name in systems) and all(
            map(fnmatchcase, (one.architecture, one.variant), rest)
        )

    def __str__(self) -> str:
        return self.text


Term: TypeAlias = Platform | PlatformPattern


class PlatformWish(msgspec.Struct, frozen=True):
    """terms: what each chooses is wanted. named: whether the person said so, or it is this machine's platform."""

    terms: tuple[Term, ...]
    named: bool = True

    @classmethod
    def parse(cls, text: str) -> Self:
        """`linux/arm64`, `amd64,arm/v7`, `linux/*`, `all`. Raises UsageError."""
        return cls(tuple(_terms(text)))

    @classmethod
    def of_machine(cls, platform: Platform) -> Self:
        return cls((platform,), named=False)

    @property
    def may_be_several(self) -> bool:
        return len(self.terms) > 1 or any(isinstance(term, PlatformPattern) for term in self.terms)

    def __str__(self) -> str:
        return ", ".join(map(str, self.terms))


def suiting(available: Sequence[Platform], term: Term) -> list[int]:
    """Places in `available` of what a term chooses: the best build for a platform, or each that a pattern matches."""
    if isinstance(term, PlatformPattern):
        return [place for place, platform in enumerate(available) if term.matches(platform)]
    best = choose_platform(available, term)
    return [] if best is None else [best]


def _terms(text: str) -> Iterator[Term]:
    for word in text.lower().split(","):
        term = word.strip()
        if term == _ALL or set("*?") & set(term):
            if not re.fullmatch(_PATTERN, term):
                raise UsageError(
                    f"invalid platform pattern {word.strip()!r}",
                    hint="for example linux/* or */arm64; all means each one",
                )
            yield PlatformPattern(term)
        else:
            yield Platform.parse(term)
