"""What of an answer reaches whoever takes it, from a server that sends bytes as they are written."""

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest

from dget.errors import DgetError, NetworkError
from dget.flow import Cancel
from dget.protocol.http import Headers, Request, Response
from dget.transport import CurlTransport, TransportOptions
from dget.transport.incoming import Incoming
from tests.component.raw_server import RawServer, Script

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"
ANSWERS: Script = {
    "/nothing": [HEAD],
    "/half": [HEAD, b"x" * 1_500_000],
    "/whole": [HEAD, b"x" * 3_000_000],
}


class Taker:
    """A ResponseSink and its PieceSink. most: bytes after which it has enough."""

    def __init__(self, most: int = 10_000_000) -> None:
        self.sizes: list[int] = []
        self._most = most

    def begin(self, status: int, headers: Headers) -> "Taker":
        return self

    def write(self, data: bytes | memoryview) -> None:
        self.sizes.append(len(data))
        if sum(self.sizes) > self._most:
            raise DgetError("enough")


@pytest.fixture
def send() -> Iterator[Callable[[str, Taker | None], Response]]:
    transport = CurlTransport(TransportOptions(environment={}))
    with RawServer(ANSWERS) as server:
        yield lambda path, taker: transport.send(Request(url=f"http://{server.address}{path}"), taker, cancel=Cancel())
    transport.close()


def test_a_place_that_breaks_off_before_its_first_byte_has_given_nothing(send):
    taker = Taker()
    with pytest.raises(NetworkError):
        send("/nothing", taker)
    assert taker.sizes == []


def test_what_arrived_before_a_break_is_handed_on(send):
    taker = Taker()
    with pytest.raises(NetworkError):
        send("/half", taker)
    assert sum(taker.sizes) == 1_500_000


def test_a_body_comes_in_pieces_that_are_worth_it(send):
    taker = Taker()
    send("/whole", taker)
    assert sum(taker.sizes) == 3_000_000
    assert len(taker.sizes) < 60


def test_what_came_of_an_answer_goes_with_it(send):
    gc.collect()
    gc.disable()
    try:
        send("/whole", None)
        send("/whole", Taker())
        assert not [one for one in gc.get_objects() if isinstance(one, Incoming)]
    finally:
        gc.enable()


def test_what_was_gathered_for_a_taker_who_has_enough_goes_at_once(send):
    """Not when garbage is looked for, which may be much later: each holds some hundred kilobytes."""
    taker = Taker(most=1_000_000)
    gone = weakref.ref(taker)
    gc.disable()
    try:
        with pytest.raises(DgetError, match="enough"):
            send("/whole", taker)
        del taker
        assert gone() is None
    finally:
        gc.enable()
