"""Talking to one repository: authentication, redirects, and the way each answer is taken."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec.structs import replace

from dget.errors import DgetError, IntegrityError, NetworkError, Unauthorized
from dget.flow import Cancel, Clock, PieceSink, holding
from dget.model import Digest
from dget.protocol.auth import AuthFlow, Authority, Scope, auth_flow, nobody
from dget.protocol.failures import failure_of, is_web_page
from dget.protocol.foreign_places import foreign_place
from dget.protocol.http import Headers, Request, Response
from dget.protocol.origin import host_of, origin, redirected
from dget.protocol.ranges import check_range, range_header, whole_size
from dget.registry.endpoint import Endpoint
from dget.registry.links import Links
from dget.transport import ResponseSink, Transport
from dget.transport.curl_errors import not_connected, tls_not_spoken

_REDIRECTS_MAX = 5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
# How an expired signed URL shows: S3 and GCS say 400 or 403, others 401 or 404.
_LINK_REFUSED = frozenset((400, 401, 403, 404, 410))


class RangesIgnored(DgetError):
    """A server answered a request for a part of a blob with the whole, or another part. Ask for the whole then."""


class NotARegistry(NetworkError):
    """A host that answers, yet not as a registry does."""


class Session:
    """One repository at one registry, or with an empty name the registry itself. Threads may use it together.

    Credentials, and headers that were configured for the host, go to the registry's own origin and its token service
    alone; elsewhere redirects are followed without them.
    """

    def __init__(self, transport: Transport, endpoint: Endpoint, repository: str, clock: Clock) -> None:
        self.repository = repository
        self._transport = transport
        self._clock = clock
        self._scope = Scope(repository)
        self._endpoint = endpoint
        self._links = Links()
        self._expected: tuple[Sequence[Digest], Cancel] | None = None
        self._strangers: dict[tuple[str, str, int], Authority] = {}

    @property
    def base(self) -> str:
        """The registry's URL for this repository."""
        return f"{self._endpoint.root}/{self.repository}".rstrip("/")

    def get(self, place: str, *, subject: str, accept: str = "", method: str = "GET", cancel: Cancel) -> Response:
        """A document of this repository, from the registry's own origin or where it redirects to.

        place: path below the repository, or a whole URL of the same origin; subject: what it is, for errors.
        Raises DgetError for any answer that is not 2xx, or a web page.
        """
        headers = Headers.of([("Accept", accept)] if accept else [])
        response = self._follow(place, Request(url="", method=method, headers=headers), None, cancel)
        if not response.ok:
            raise failure_of(response, host_of(self.base), now=self._clock.time(), subject=subject)
        if is_web_page(response):
            raise self._web_page()
        return response

    def get_blob(self, digest: Digest, size: int, sink: PieceSink, *, start: int, stop: int, cancel: Cancel) -> None:
        """Bytes start to stop-1 of a blob into `sink`, which may get fewer: a shorter 206 is lawful.

        Raises RangesIgnored before the first byte where the server knows no ranges.
        """
        headers = Headers()
        if (start, stop) != (0, size):
            headers = headers.with_field("Range", range_header(start, stop))
        taker = _BlobTaker(sink, self._endpoint, start=start, stop=stop, size=size)
        response, host = self._ask_for_blob(digest, headers, taker, cancel)
        if response.ok and is_web_page(response):
            raise self._web_page()
        if response.status == 416:
            raise IntegrityError(f"blob {digest} ends before the {size:,} bytes that its manifest says, at {host}")
        if not taker.begun:
            raise failure_of(response, host, now=self._clock.time(), subject=f"blob {digest} of {self.repository}")

    def get_foreign(
        self, url: str, digest: Digest, size: int, sink: PieceSink, *, start: int, stop: int, cancel: Cancel
    ) -> None:
        """As `get_blob`, from a place outside of the registry that a manifest names: without credentials.

        Raises NetworkError where dget may not ask there.
        """
        headers = Headers()
        if (start, stop) != (0, size):
            headers = headers.with_field("Range", range_header(start, stop))
        taker = _BlobTaker(sink, self._endpoint, start=start, stop=stop, size=size)
        request = Request(url=foreign_place(url, self.base), headers=headers, given_by=self.base)
        for _ in range(_REDIRECTS_MAX + 1):
            response = self._transport.send(request, taker, cancel=cancel)
            further = _led_to(request, response)
            if further is None:
                break
            request = further
        if not taker.begun:
            raise failure_of(response, host_of(request.url), now=self._clock.time(), subject=f"foreign layer {digest}")

    def blob_size(self, digest: Digest, *, cancel: Cancel) -> int:
        """Asked by HEAD; by a range of one byte where that is refused: a URL signed for GET answers HEAD with 403.

        Raises DgetError.
        """
        place = f"/blobs/{digest}"
        response = self._follow(place, Request(url="", method="HEAD"), None, cancel)
        length = response.headers.get("Content-Length") or ""
        if response.ok and length.isdecimal():
            return int(length)
        taker = _SizeTaker()
        response = self._follow(place, Request(url="").with_header("Range", range_header(0, 1)), taker, cancel)
        if taker.size is None:
            subject = f"blob {digest} of {self.repository}"
            raise failure_of(response, host_of(self.base), now=self._clock.time(), subject=subject)
        return taker.size

    def expect(self, blobs: Sequence[Digest], cancel: Cancel) -> None:
        """Says which blobs are wanted next: once the host leads elsewhere for another one, it is asked where these are,
        all at once. cancel: of whoever wants them, for it may ask longer than who asks for the other one.
        """
        self._expected = blobs, cancel

    def _ask_for_blob(
        self, digest: Digest, headers: Headers, taker: "_BlobTaker", cancel: Cancel
    ) -> tuple[Response, str]:
        """The answer, and the host that gave it."""
        if link := self._links.of(digest):
            response, end = self._ask_link(digest, link, headers, taker, cancel)
            if response.status not in _LINK_REFUSED:
                return response, host_of(end.url)
        with contextlib.ExitStack() as turn:
            if not self._endpoint.gives_blobs:
                turn.enter_context(self._links.turn(digest, cancel))
            # Whoever was waited for may have learned it.
            if self._endpoint.gives_blobs:
                turn.close()

            def given() -> None:
                self._endpoint.gives_blobs = True
                turn.close()

            link = self._links.of(digest)
            if link is None:
                request = Request(url="", headers=headers)
                response, link = self._ask_registry(f"/blobs/{digest}", request, _Telling(taker, given), cancel)
                if link is None:
                    return response, host_of(self.base)
                self._links.keep(digest, link)
        self._find_expected()
        response, end = self._ask_link(digest, link, headers, taker, cancel)
        if response.status in _LINK_REFUSED:
            raise NetworkError(
                f"{host_of(end.url)} refused the link to a blob that {host_of(self.base)} gave ({response.status})",
                hint="links expire: if this machine's clock is right, a proxy in between may hold old ones",
                temporary=True,
            )
        return response, host_of(end.url)

    def _ask_link(
        self, digest: Digest, link: Request, headers: Headers, taker: "_BlobTaker", cancel: Cancel
    ) -> tuple[Response, Request]:
        """The answer, and the request that got it. A link that is refused, or leads to nobody, is forgotten."""
        try:
            response, end = self._go_on(replace(link, headers=headers), taker, cancel)
        except NetworkError:
            if not taker.begun:
                self._links.forget(digest, link)
            raise
        if response.ok:
            self._links.keep(digest, end)
        elif response.status in _LINK_REFUSED:
            self._links.forget(digest, link)
        return response, end

    def _find_expected(self) -> None:
        expected, self._expected = self._expected, None
        # Who gives blobs itself is asked for them alone.
        if expected is None or self._endpoint.gives_blobs:
            return
        digests, cancel = expected
        for digest in digests:
            threading.Thread(target=self._find, args=(digest, cancel), name="dget-scout", daemon=True).start()

    def _find(self, digest: Digest, cancel: Cancel) -> None:
        """Where a blob is, without a byte of it. Whoever wants it will meet what fails here."""
        with contextlib.suppress(DgetError), self._links.turn(digest, cancel):
            if self._links.of(digest) is None:
                _, link = self._ask_registry(f"/blobs/{digest}", Request(url=""), _Telling(None, _refuse), cancel)
                if link is not None:
                    self._links.keep(digest, link)

    def _follow(self, place: str, request: Request, sink: ResponseSink | None, cancel: Cancel) -> Response:
        """The answer at the end of the redirects."""
        response, link = self._ask_registry(place, request, sink, cancel)
        return response if link is None else self._go_on(link, sink, cancel)[0]

    def _ask_registry(
        self, place: str, request: Request, sink: ResponseSink | None, cancel: Cancel
    ) -> tuple[Response, Request | None]:
        """The answer of the registry's own origin, and the request to another one that it leads to."""
        response = self._send_to_registry(place, request, sink, cancel)
        request = replace(request, url=self._url(place))
        for _ in range(_REDIRECTS_MAX):
            further = _led_to(request, response)
            if further is None or origin(further.url) != origin(self.base):
                return response, further
            request = further
            response = self._authenticated(request, sink, cancel)
        raise self._endless()

    def _go_on(self, request: Request, sink: ResponseSink | None, cancel: Cancel) -> tuple[Response, Request]:
        """The answer at the end of the redirects from another origin on, and the request that got it."""
        for _ in range(_REDIRECTS_MAX):
            own = origin(request.url) == origin(self.base)
            response = (self._authenticated if own else self._authenticated_elsewhere)(request, sink, cancel)
            further = _led_to(request, response)
            if further is None:
                return response, request
            request = further
        raise self._endless()

    def _endless(self) -> NotARegistry:
        return NotARegistry(f"{host_of(self.base)} redirects more than {_REDIRECTS_MAX} times")

    def _url(self, place: str) -> str:
        url = f"{self.base}{place}" if place.startswith("/") else place
        if self._endpoint.namespace is None or parse_qs(urlsplit(url).query).get("ns"):
            return url
        # Source: containerd, docs/hosts.md, "Registry Host Namespace".
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'ns': self._endpoint.namespace})}"

    def _web_page(self) -> NotARegistry:
        return NotARegistry(
            f"{host_of(self.base)} answered with a web page, not as a registry does",
            hint="is the host right? A proxy or a log-in page of the network may stand in between",
        )

    def _send_to_registry(self, place: str, request: Request, sink: ResponseSink | None, cancel: Cancel) -> Response:
        if not self._endpoint.settled:
            with holding(self._endpoint.settling, cancel):
                return self._settle(place, request, sink, cancel)
        return self._authenticated(replace(request, url=self._url(place)), sink, cancel)

    def _settle(self, place: str, request: Request, sink: ResponseSink | None, cancel: Cancel) -> Response:
        """The first request: finds out which of the endpoint's URLs answers."""
        try:
            response = self._authenticated(replace(request, url=self._url(place)), sink, cancel)
        except NetworkError as error:
            if not (tls_not_spoken(error) or self._may_be_elsewhere(error)) or not self._endpoint.next_url():
                raise
            response = self._authenticated(replace(request, url=self._url(place)), sink, cancel)
        self._endpoint.settled = True
        return response

    def _may_be_elsewhere(self, error: NetworkError) -> bool:
        """Without a port written, plain HTTP is at another one than TLS: nobody may listen there."""
        return not_connected(error) and urlsplit(self.base).port is None

    def _authenticated_elsewhere(self, request: Request, sink: ResponseSink | None, cancel: Cancel) -> Response:
        """Where a redirect leads to, a token may be wanted that everybody gets."""
        place = origin(request.url)
        if place not in self._strangers:
            response = self._transport.send(request, sink, cancel=cancel)
            if response.status != 401 or not response.headers.get("WWW-Authenticate"):
                return response
            self._strangers[place] = Authority(request.url, nobody)
        flow = auth_flow(request, self._strangers[place], self._scope, self._clock)
        try:
            return self._converse(flow, request, sink, cancel)
        except Unauthorized as error:
            raise NetworkError(f"{host_of(self.base)} leads to another host: {error.message}") from error

    def _authenticated(self, request: Request, sink: ResponseSink | None, cancel: Cancel) -> Response:
        request = replace(request, headers=Headers.of([*request.headers, *self._endpoint.headers]))
        flow = auth_flow(request, self._endpoint.authority, self._scope, self._clock)
        return self._converse(flow, request, sink, cancel)

    def _converse(self, flow: AuthFlow, request: Request, sink: ResponseSink | None, cancel: Cancel) -> Response:
        wanted = next(flow)
        while True:
            own = sink if wanted.url == request.url else None
            response = self._transport.send(wanted, own, cancel=cancel)
            try:
                wanted = flow.send(response)
            except StopIteration as end:
                answer: Response = end.value
                return answer


def _led_to(request: Request, response: Response) -> Request | None:
    """The request that a redirect leads to."""
    location = response.headers.get("Location")
    if response.status not in _REDIRECTS or not location:
        return None
    return replace(request, url=redirected(request.url, location), given_by=request.url)


class _Telling:
    """A ResponseSink that tells of a blob's body before its first byte."""

    def __init__(self, sink: ResponseSink | None, begins: Callable[[], None]) -> None:
        self._sink = sink
        self._begins = begins

    def begin(self, status: int, headers: Headers) -> PieceSink | None:
        if status in (200, 206):
            self._begins()
        return self._sink.begin(status, headers) if self._sink else None


def _refuse() -> None:
    raise DgetError("a blob came where its place was asked for")


class _SizeTaker:
    """Takes the size of a blob from an answer, and none of its bytes."""

    def __init__(self) -> None:
        self.size: int | None = None

    def begin(self, status: int, headers: Headers) -> PieceSink | None:
        if status == 206:
            self.size = whole_size(headers)
        return None


class _BlobTaker:
    """Lets a blob's bytes through where the answer holds the range that was asked for."""

    def __init__(self, sink: PieceSink, endpoint: Endpoint, *, start: int, stop: int, size: int) -> None:
        self.begun = False
        self._sink = sink
        self._endpoint = endpoint
        self._start = start
        self._stop = stop
        self._size = size

    def begin(self, status: int, headers: Headers) -> PieceSink | None:
        if status not in (200, 206) or "html" in (headers.get("Content-Type") or "").lower():
            return None
        ranged = (self._start, self._stop) != (0, self._size)
        if status == 200 and ranged:
            raise RangesIgnored("the server answers requests for a part with the whole")
        try:
            check_range(status, headers, start=self._start, stop=self._stop, size=self._size)
        except NetworkError as error:
            if not ranged:
                raise
            # One wrong answer of a server that can is a fault that passes; what has come is not given away for it.
            if self._endpoint.gives_parts:
                raise NetworkError(error.message, temporary=True) from error
            raise RangesIgnored(error.message) from error
        self._endpoint.gives_parts = self._endpoint.gives_parts or ranged
        self.begun = True
        return self._sink
