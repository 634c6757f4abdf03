"""What a read-only registry answers to a request: a pure function.

Source: OCI distribution specification, "Pull" and "Content Discovery".
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit

from dget.model import Digest
from dget.protocol.http import Headers, Request
from dget.serve.content import Content

_ROUTE = re.compile(r"/v2/(?P<repository>[a-z0-9._/-]+)/(?P<kind>manifests|blobs|tags)/(?P<selector>[\w.:-]+)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PAGE_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """body: whole, or in pieces whose total `Content-Length` says."""

    status: int
    headers: Headers = field(default_factory=Headers)
    body: Iterable[bytes] = ()


Handler: TypeAlias = Callable[[Request], Answer]


def answer(request: Request, content: Content) -> Answer:
    """The answer to a request, whose URL may be a path alone. HEAD gets the headers of GET."""
    if request.method not in ("GET", "HEAD"):
        return _error(405, "UNSUPPORTED", "this registry is read-only")
    parts = urlsplit(request.url)
    if parts.path in ("/v2", "/v2/"):
        return _json({})
    route = _ROUTE.fullmatch(parts.path)
    if route is None:
        return _error(404, "NAME_UNKNOWN", "no such path")
    match route["kind"]:
        case "manifests":
            return _manifest(content, route["repository"], route["selector"])
        case "blobs":
            return _blob(content, route["repository"], route["selector"], request.headers.get("Range"))
    return _tags(content, route["repository"], parse_qs(parts.query))


def _manifest(content: Content, repository: str, selector: str) -> Answer:
    if ":" in selector and _digest(selector) is None:
        return _error(400, "DIGEST_INVALID", "not a digest")
    if content.tags(repository) is None:
        return _error(404, "NAME_UNKNOWN", f"no repository {repository}")
    stored = content.manifest(repository, selector)
    if stored is None:
        return _error(404, "MANIFEST_UNKNOWN", f"no manifest {selector} in {repository}")
    digest = selector if ":" in selector else str(Digest.of(stored.raw))
    return _whole(200, stored.raw, stored.media_type, ("Docker-Content-Digest", digest))


def _blob(content: Content, repository: str, selector: str, wanted: str | None) -> Answer:
    digest = _digest(selector)
    if digest is None:
        return _error(400, "DIGEST_INVALID", "not a digest")
    blob = content.blob(repository, digest)
    if blob is None:
        return _error(404, "BLOB_UNKNOWN", f"no blob {digest} in {repository}")
    start, stop = _range(wanted, blob.size) if wanted else (0, blob.size)
    fields = [("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", str(digest))]
    if start >= stop and wanted:
        return Answer(
            status=416, headers=Headers.of([("Content-Range", f"bytes */{blob.size}"), ("Content-Length", "0")])
        )
    fields += [("Accept-Ranges", "bytes"), ("Content-Length", str(stop - start))]
    if wanted:
        fields.append(("Content-Range", f"bytes {start}-{stop - 1}/{blob.size}"))
    return Answer(status=206 if wanted else 200, headers=Headers.of(fields), body=blob.pieces(start, stop))


def _range(wanted: str, size: int) -> tuple[int, int]:
    """Start and stop of the first range (RFC 9110 section 14); an empty one where it cannot be had."""
    found = _RANGE.match(wanted)
    if found is None or found[0] == "bytes=-":
        return 0, 0
    if not found[1]:
        return max(0, size - int(found[2])), size
    stop = min(int(found[2]) + 1, size) if found[2] else size
    return int(found[1]), stop


def _tags(content: Content, repository: str, query: dict[str, list[str]]) -> Answer:
    tags = content.tags(repository)
    if tags is None:
        return _error(404, "NAME_UNKNOWN", f"no repository {repository}")
    last = query.get("last", [""])[0]
    asked = query.get("n", [""])[0]
    count = min(int(asked), _PAGE_MAX) if asked.isdecimal() else _PAGE_MAX
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


def _error(status: int, code: str, message: str) -> Answer:
    return _json({"errors": [{"code": code, "message": message, "detail": None}]}, status=status)


def _json(value: object, *more: tuple[str, str], status: int = 200) -> Answer:
    return _whole(status, json.dumps(value).encode(), "application/json", *more)


def _whole(status: int, body: bytes, media_type: str, *more: tuple[str, str]) -> Answer:
    fields = [("Content-Type", media_type), ("Content-Length", str(len(body))), *more]
    return Answer(status=status, headers=Headers.of(fields), body=(body,))
