"""A repository's tags."""

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from dget.errors import NetworkError
from dget.flow import Cancel, Observer
from dget.model import Reference
from dget.protocol.http import Response
from dget.protocol.origin import host_of
from dget.protocol.pagination import next_page
from dget.registry.image_hosts import ImageHosts
from dget.registry.persistence import persist
from dget.registry.remote_host import RemoteHost
from dget.registry.session import Session

T = TypeVar("T")

_PAGES_MAX = 10_000
# The largest repositories that are known have some hundred thousand.
_TAGS_MAX = 2_000_000
_DIGITS = r"(\d+)"


class _Page(msgspec.Struct):
    tags: tuple[str, ...] | None = None


def list_tags(hosts: ImageHosts, reference: Reference, *, cancel: Cancel, observer: Observer) -> list[str]:
    """All tags, from all pages, in natural order: 1.9 before 1.10. Raises DgetError.

    The host that gives the first page gives them all.
    """
    found: set[str] = set()

    def first(host: RemoteHost, own: Cancel) -> tuple[Session, Response]:
        return host.session, _page(host.session, "/tags/list", reference, own)

    def persistent(ask: Callable[[], T]) -> T:
        return persist(ask, what=f"tags of {reference.familiar_name}", cancel=cancel, observer=observer)

    session, response = persistent(lambda: hosts.for_tag(first))
    before = ""
    for _ in range(_PAGES_MAX):
        found.update(_read(response, session))
        place = next_page(f"{session.base}/tags/list", response.headers)
        if place is None:
            return sorted(found, key=natural_order)
        if place == before or len(found) > _TAGS_MAX:
            break
        before = place
        response = persistent(partial(_page, session, place, reference, cancel))
    raise NetworkError(f"{host_of(session.base)} lists tags without an end ({len(found):,} so far): refused")


def natural_order(tag: str) -> list[tuple[int, int, str]]:
    """A sort key in which numbers count as numbers."""
    return [_order(part) for part in re.split(_DIGITS, tag) if part]


def _order(part: str) -> tuple[int, int, str]:
    # By length, then by digits: a registry's tag may have more digits than int() takes.
    digits = part.lstrip("0") if part.isdigit() else ""
    return (0, len(digits), digits) if part.isdigit() else (1, 0, part)


def _page(session: Session, place: str, reference: Reference, cancel: Cancel) -> Response:
    return session.get(place, subject=f"repository {reference.familiar_name}", cancel=cancel)


def _read(response: Response, session: Session) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(response.body, type=_Page).tags or ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NetworkError(f"{host_of(session.base)} answered something that is no list of tags") from error
