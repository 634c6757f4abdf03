"""HTTP messages as values."""

from collections.abc import Iterable, Iterator
from typing import Self

import msgspec
from msgspec.structs import replace


class Headers(msgspec.Struct, frozen=True):
    """Header fields in order; names compare without case."""

    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> Self:
        return cls(tuple(fields))

    def get(self, name: str) -> str | None:
        """The first value of that name."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.fields if key.lower() == wanted]

    def with_field(self, name: str, value: str) -> Self:
        """With this field in place of any other of its name."""
        wanted = name.lower()
        kept = tuple(item for item in self.fields if item[0].lower() != wanted)
        return type(self)((*kept, (name, value)))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """method: upper case; url: absolute; body: sent whole.

    given_by: a URL of the server that named this one, by a redirect, a challenge or a list of places; empty where the
    person did. It may not lead where only the person may send us.
    """

    url: str
    method: str = "GET"
    headers: Headers = msgspec.field(default_factory=Headers)
    body: bytes = b""
    given_by: str = ""

    def with_header(self, name: str, value: str) -> Self:
        return replace(self, headers=self.headers.with_field(name, value))


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """body: empty where a sink took it, or where it was refused."""

    status: int
    headers: Headers = msgspec.field(default_factory=Headers)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300
