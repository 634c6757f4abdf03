"""A repository's tags."""

import re

import msgspec

from dget.errors import NetworkError
from dget.flow import Cancel, Observer
from dget.model import Reference
from dget.protocol.http import Response
from dget.protocol.origin import host_of
from dget.protocol.pagination import next_page
from dget.registry.persistence import persist
from dget.registry.session import Session

_PAGES_MAX = 10_000
# The largest repositories that are known have some hundred thousand.
_TAGS_MAX = 2_000_000
_DIGITS = re.compile(r"(\d+)")


class _Page(msgspec.Struct):
    tags: tuple[str, ...] | None = None


def list_tags(session: Session, reference: Reference, *, cancel: Cancel, observer: Observer) -> list[str]:
    """All tags, from all pages, in natural order: 1.9 before 1.10. Raises DgetError."""
    found: set[str] = set()
    place = "/tags/list"
    for _ in range(_PAGES_MAX):
        response = _page(session, place, reference, cancel, observer)
        found.update(_read(response, session))
        following = next_page(f"{session.base}/tags/list", response.headers)
        if following is None:
            return sorted(found, key=natural_order)
        if following == place or len(found) > _TAGS_MAX:
            break
        place = following
    raise NetworkError(f"{host_of(session.base)} lists tags without an end ({len(found):,} so far): refused")


def natural_order(tag: str) -> list[tuple[int, int, str]]:
    """A sort key in which numbers count as numbers."""
    return [_order(part) for part in _DIGITS.split(tag) if part]


def _order(part: str) -> tuple[int, int, str]:
    # By length, then by digits: a registry's tag may have more digits than int() takes.
    digits = part.lstrip("0") if part.isdigit() else ""
    return (0, len(digits), digits) if part.isdigit() else (1, 0, part)


def _page(session: Session, place: str, reference: Reference, cancel: Cancel, observer: Observer) -> Response:
    def ask() -> Response:
        return session.get(place, subject=f"repository {reference.familiar_name}", cancel=cancel)

    return persist(ask, what=f"tags of {reference.familiar_name}", cancel=cancel, observer=observer)


def _read(response: Response, session: Session) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(response.body, type=_Page).tags or ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NetworkError(f"{host_of(session.base)} answered something that is no list of tags") from error
