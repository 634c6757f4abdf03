"""How a foreign layer's publisher is asked: as a place that a server named, and by nobody's name."""

import pytest

from dget.errors import NetworkError, NotFound
from dget.flow import Cancel, SystemClock, silent
from dget.model import Descriptor, Digest
from dget.protocol.auth import Credential
from dget.protocol.http import Headers, Request, Response
from dget.registry import Endpoint, Session
from dget.registry.foreign_layers import ForeignLayers, has_other_places
from dget.transport import ResponseSink

LAYER = b"layer"
FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
PLACE = "https://publisher.example/layer"


class Web:
    """A Transport: the answers by URL; what is not there is 404."""

    def __init__(self, answers: dict[str, Response]) -> None:
        self.asked: list[Request] = []
        self._answers = answers

    def send(self, request: Request, sink: ResponseSink | None = None, *, cancel: Cancel) -> Response:
        self.asked.append(request)
        answer = self._answers.get(request.url, Response(status=404))
        if sink and (target := sink.begin(answer.status, answer.headers)):
            target.write(answer.body)
        return answer

    def close(self) -> None:
        """Nothing is open."""


class Taken:
    """A PieceSink."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes | memoryview) -> None:
        self.data += data


def blob(*urls: str, media_type: str = FOREIGN) -> Descriptor:
    return Descriptor(media_type=media_type, digest=Digest.of(LAYER), size=len(LAYER), urls=urls)


def read(web: Web, wanted: Descriptor) -> bytes:
    credential = Credential(username="me", password="secret")
    endpoint = Endpoint(["https://registry.example/v2"], lambda _: credential)
    taken = Taken()
    foreign = ForeignLayers(Session(web, endpoint, "app", SystemClock()), silent)
    foreign.read(wanted, taken, start=0, stop=len(LAYER), cancel=Cancel())
    return taken.data


def moved(place: str) -> Response:
    return Response(status=302, headers=Headers.of([("Location", place)]))


def test_whoever_leads_to_a_place_answers_for_it():
    web = Web({PLACE: moved("https://cdn.example/x"), "https://cdn.example/x": Response(status=200, body=LAYER)})
    assert read(web, blob(PLACE)) == LAYER
    _, first, second = web.asked
    assert (first.url, first.given_by) == (PLACE, "https://registry.example/v2/app")
    assert (second.url, second.given_by) == ("https://cdn.example/x", PLACE)
    assert all(request.headers.get("Authorization") is None for request in (first, second))


def test_the_next_place_is_asked_where_one_may_not_be_or_does_not_have_it():
    web = Web({PLACE: Response(status=200, body=LAYER)})
    assert read(web, blob("http://10.0.0.1/layer", "https://publisher.example/gone", PLACE)) == LAYER
    assert [request.url for request in web.asked[1:]] == ["https://publisher.example/gone", PLACE]


def test_a_redirect_inwards_is_refused():
    for target in ("http://publisher.example/plain", "https://127.0.0.1/layer", "https://169.254.169.254/"):
        with pytest.raises(NetworkError, match="redirects"):
            read(Web({PLACE: moved(target)}), blob(PLACE))


def test_what_nobody_has_is_not_found_and_an_endless_redirect_ends():
    with pytest.raises(NotFound):
        read(Web({}), blob(PLACE))
    web = Web({PLACE: moved(PLACE)})
    with pytest.raises(NetworkError):
        read(web, blob(PLACE))
    assert len(web.asked) < 10


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(blob(PLACE), True), (blob(), False), (blob(PLACE, media_type="application/vnd.oci.image.layer.v1.tar"), False)],
)
def test_only_a_foreign_layer_with_other_places_is_asked_for_there(wanted, expected):
    assert has_other_places(wanted) == expected
