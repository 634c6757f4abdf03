"""What a read-only registry answers to a request: a pure function.

Source: OCI distribution specification, "Pull" and "Content Discovery".
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import msgspec

from dget.model import Digest
from dget.protocol.http import Headers, Request
from dget.serve.byte_range import wanted_part
from dget.serve.content import Content

_ROUTE = re.compile(r"/v2/([a-z0-9._/-]+)/(manifests|blobs|tags)/([\w.:-]+)", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_PAGE_MAX = 1000
# Docker looks for it to tell a registry from a web site.
_API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """body: whole, or in pieces whose total `Content-Length` says."""

    status: int
    headers: Headers = msgspec.field(default_factory=Headers)
    body: Iterable[bytes] = ()


Handler: TypeAlias = Callable[[Request], Answer]


def answer(request: Request, content: Content) -> Answer:
    """The answer to a request, whose URL may be a path alone. HEAD gets the headers of GET."""
    if request.method not in ("GET", "HEAD"):
        return refusal(405, "UNSUPPORTED", "this registry is read-only", ("Allow", "GET, HEAD"))
    try:
        parts = urlsplit(request.url)
    except ValueError:
        return refusal(400, "NAME_INVALID", "the request's address cannot be read")
    path = unquote(parts.path)
    if path in ("/v2", "/v2/"):
        return _json({}, _API_VERSION)
    route = _ROUTE.fullmatch(path)
    match route.groups() if route else ():
        case (repository, "manifests", selector):
            return _manifest(content, repository, selector)
        case (repository, "blobs", selector):
            # RFC 9110 section 14.2: only GET knows ranges.
            wanted = request.headers.get("Range") if request.method == "GET" else None
            return _blob(content, repository, selector, wanted)
        case (repository, "tags", "list"):
            return _tags(content, repository, parse_qs(parts.query))
    return refusal(404, "NAME_UNKNOWN", "no such path")


def refusal(status: int, code: str, message: str, *more: tuple[str, str]) -> Answer:
    """An error as registries tell it; `code` is one of the specification's."""
    return _json({"errors": [{"code": code, "message": message, "detail": None}]}, *more, status=status)


def _manifest(content: Content, repository: str, selector: str) -> Answer:
    if ":" in selector and _digest(selector) is None:
        return refusal(400, "DIGEST_INVALID", "not a digest")
    if content.tags(repository) is None:
        return _no_repository(repository)
    stored = content.manifest(repository, selector)
    if stored is None:
        return refusal(404, "MANIFEST_UNKNOWN", f"no manifest {selector} in {repository}")
    digest = selector if ":" in selector else str(Digest.of(stored.raw))
    return _whole(200, stored.raw, stored.media_type, ("Docker-Content-Digest", digest))


def _blob(content: Content, repository: str, selector: str, wanted: str | None) -> Answer:
    digest = _digest(selector)
    if digest is None:
        return refusal(400, "DIGEST_INVALID", "not a digest")
    blob = content.blob(repository, digest)
    if blob is None and content.tags(repository) is None:
        return _no_repository(repository)
    if blob is None:
        return refusal(404, "BLOB_UNKNOWN", f"no blob {digest} in {repository}")
    part = wanted_part(wanted, blob.size)
    start, stop = part or (0, blob.size)
    fields = [("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", str(digest))]
    if part and start >= stop:
        return Answer(
            status=416, headers=Headers.of([("Content-Range", f"bytes */{blob.size}"), ("Content-Length", "0")])
        )
    fields += [("Accept-Ranges", "bytes"), ("Content-Length", str(stop - start))]
    if part:
        fields.append(("Content-Range", f"bytes {start}-{stop - 1}/{blob.size}"))
    return Answer(status=206 if part else 200, headers=Headers.of(fields), body=blob.pieces(start, stop))


def _tags(content: Content, repository: str, query: dict[str, list[str]]) -> Answer:
    tags = content.tags(repository)
    if tags is None:
        return _no_repository(repository)
    last = query.get("last", [""])[0]
    asked = query.get("n", [str(_PAGE_MAX)])[0]
    if not _COUNT.fullmatch(asked):
        return refusal(400, "PAGINATION_NUMBER_INVALID", "n is not a number of tags")
    count = min(int(asked), _PAGE_MAX)
    rest = [tag for tag in sorted(tags) if tag > last]
    page = rest[:count]
    more = []
    if page and len(rest) > len(page):
        following = urlencode({"last": page[-1], "n": count})
        more.append(("Link", f'</v2/{repository}/tags/list?{following}>; rel="next"'))
    return _json({"name": repository, "tags": page}, *more)


def _digest(text: str) -> Digest | None:
    try:
        return Digest.parse(text)
    except ValueError:
        return None


def _no_repository(repository: str) -> Answer:
    return refusal(404, "NAME_UNKNOWN", f"no repository {repository}")


def _json(value: object, *more: tuple[str, str], status: int = 200) -> Answer:
    return _whole(status, json.dumps(value).encode(), "application/json", *more)


def _whole(status: int, body: bytes, media_type: str, *more: tuple[str, str]) -> Answer:
    fields = [("Content-Type", media_type), ("Content-Length", str(len(body))), *more]
    return Answer(status=status, headers=Headers.of(fields), body=(body,))
