"""Answers made to fill memory, to take for ever, or to be read in two ways: each refused, in bounded memory and time."""

import json
import threading
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from dget import Client, Settings
from dget.errors import DgetError, IntegrityError, NetworkError, NoSuchPlatform, Unsupported
from dget.model import Digest
from dget.model.media_type import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from tests.component.raw_server import RawServer, Script

# What Python holds of one answer at its worst: 8 MB of body, its decoded form, and copies on the way.
_MEMORY_MAX = 160 << 20
_SECONDS_MAX = 20
_OK = b"HTTP/1.1 200 OK\r\n"
_DESCRIPTOR = b'{"mediaType":"%s","digest":"sha256:%s","size":1}' % (OCI_CONFIG.encode(), b"0" * 64)


@pytest.fixture
def ask():
    """Asks a server of these answers for an image's manifest; the error, which must come soon and cost little."""

    def run(answers: Script | Iterable[bytes], kind: type[DgetError], *, verb: str = "raw") -> DgetError:
        script = answers if isinstance(answers, dict) else {"/": answers}
        begun = time.monotonic()
        tracemalloc.start()
        try:
            with (
                RawServer(script) as server,
                Client(Settings(cache=False, timeout=3, environment={})) as client,
                pytest.raises(kind) as refused,
            ):
                getattr(client, verb)(f"{server.address}/x:1" if verb != "tags" else f"{server.address}/x")
            assert tracemalloc.get_traced_memory()[1] < _MEMORY_MAX
        finally:
            tracemalloc.stop()
        assert time.monotonic() - begun < _SECONDS_MAX
        error: DgetError = refused.value
        return error

    return run


def whole(body: bytes, *fields: bytes) -> list[bytes]:
    length = b"Content-Length: %d" % len(body)
    return [_OK + b"\r\n".join((length, b"Content-Type: application/json", *fields)) + b"\r\n\r\n" + body]


def manifest(layers: bytes = _DESCRIPTOR, more: bytes = b"") -> bytes:
    return b'{"schemaVersion":2%s,"config":%s,"layers":[%s]}' % (more, _DESCRIPTOR, layers)


@dataclass(frozen=True, slots=True)
class Endless:
    """Each who asks gets it from the beginning."""

    beginning: bytes
    piece: bytes

    def __iter__(self) -> Iterator[bytes]:
        yield self.beginning
        while True:
            yield self.piece


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([_OK, *(b"X-%d: y\r\n" % number for number in range(5000)), b"\r\n"], id="many"),
        pytest.param(Endless(_OK, b"X: y\r\n"), id="endless"),
        pytest.param([_OK, b"X: ", b"y" * (1 << 20), b"\r\n\r\n"], id="long"),
        pytest.param(Endless(_OK + b"X: ", b"y" * 1000), id="an endless line"),
        pytest.param(Endless(_OK, b"X: " + b"y" * 60_000 + b"\r\n"), id="long and endless"),
        pytest.param(Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="interim answers without an end"),
        pytest.param(Endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), id="hints without an end"),
        pytest.param(
            Endless(_OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n"), id="endless trailers"
        ),
        pytest.param(Endless(b"", b"x" * 1000), id="no answer at all"),
    ],
)
def test_headers_without_measure(ask, answer):
    ask(answer, NetworkError)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Endless(_OK + b"\r\n", b"x" * 65536), id="endless"),
        pytest.param(
            Endless(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"), id="chunks"
        ),
        pytest.param(Endless(b"HTTP/1.1 404 Not Found\r\n\r\n", b"x" * 65536), id="endless error"),
    ],
)
def test_bodies_without_an_end(ask, answer):
    assert "larger than" in ask(answer, NetworkError).message


def test_an_answer_that_trickles_in_for_ever_ends(ask):
    released = threading.Event()

    def trickle():
        yield _OK + b"\r\n"
        while not released.wait(0.05):
            yield b" "

    try:
        # More than a byte a second, so that it is not silent.
        script = {"/": trickle()}
        with RawServer(script) as server, Client(Settings(cache=False, timeout=1, environment={})) as client:
            begun = time.monotonic()
            with pytest.raises(NetworkError):
                client.raw(f"{server.address}/x:1")
        assert time.monotonic() - begun < 100
    finally:
        released.set()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * (3 << 20), id="deep lists"),
        pytest.param(b'{"a":' * 700_000, id="deep objects"),
        pytest.param(manifest(more=b',"x":' + b"[" * 1_000_000 + b"]" * 1_000_000), id="deep where nobody looks"),
        pytest.param(b'{"manifests":[%s]}' % b",".join([b"{}"] * 1_000_000), id="a million entries"),
        pytest.param(manifest(_DESCRIPTOR.replace(b":1}", b":" + b"9" * 3_000_000 + b"}")), id="a number of 3 MB"),
        pytest.param(manifest(_DESCRIPTOR.replace(b":1}", b":1e999}")), id="infinite"),
        pytest.param(manifest(_DESCRIPTOR.replace(b":1}", b":NaN}")), id="no number"),
        pytest.param(manifest(_DESCRIPTOR.replace(b":1}", b":-1}")), id="negative"),
        pytest.param(manifest(_DESCRIPTOR.replace(b":1}", b":9223372036854775808}")), id="too large"),
        pytest.param(manifest(more=b',"layers":[]'), id="layers twice"),
        pytest.param(manifest(_DESCRIPTOR.replace(b'"size"', b'"size":2,"size"')), id="a size twice"),
        pytest.param(manifest(more=b',"config":{}'), id="config twice"),
        pytest.param(manifest(more=b',"lay\\u0065rs":[]'), id="layers twice, one in disguise"),
        pytest.param(manifest() + b" " * (5 << 20), id="5 MB"),
    ],
)
def test_manifests_that_are_bombs_or_have_two_readings(ask, body):
    ask(whole(body), Unsupported, verb="plan")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(whole(b"[" * 60_000), id="deep"),
        pytest.param(whole(b'{"token":"' + b"x" * (1 << 20) + b'"}'), id="huge"),
        pytest.param(Endless(_OK + b"\r\n", b"x" * 65536), id="endless"),
        pytest.param(whole(b'{"token":"T","expires_in":1e999}'), id="for ever"),
        pytest.param(whole(b'{"token":"T\\r\\nX-Evil: 1"}'), id="a header in it"),
    ],
)
def test_tokens_that_are_bombs(ask, answer):
    answers: Script = {"/token": answer}
    with RawServer(answers) as tokens:
        challenge = b'WWW-Authenticate: Bearer realm="http://%s/token"' % tokens.address.encode()
        registry = [b"HTTP/1.1 401 Unauthorized\r\n" + challenge + b"\r\nContent-Length: 0\r\n\r\n"]
        ask(registry, NetworkError)


@pytest.mark.parametrize("life", [b"0", b"-5", b"1e300"])
def test_a_tokens_life_that_makes_no_sense_makes_no_loop(ask, life):
    with RawServer({"/token": whole(b'{"token":"T","expires_in":%s}' % life)}) as tokens:
        challenge = b'WWW-Authenticate: Bearer realm="http://%s/token"' % tokens.address.encode()
        registry = [b"HTTP/1.1 401 Unauthorized\r\n" + challenge + b"\r\nContent-Length: 0\r\n\r\n"]
        assert ask(registry, DgetError).code == "unauthorized"


@pytest.mark.parametrize(
    "header",
    [
        b"WWW-Authenticate: " + b"a," * 45_000,
        b'WWW-Authenticate: Bearer realm="' + b"\\" * 90_000,
        b"WWW-Authenticate: " + b'a="' * 30_000,
    ],
)
def test_challenges_that_are_bombs(ask, header):
    ask([b"HTTP/1.1 401 Unauthorized\r\n" + header + b"\r\nContent-Length: 0\r\n\r\n"], DgetError)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(whole(b'{"tags":["1"]}', b'Link: </v2/x/tags/list?n=1>; rel="next"'), id="pages in a circle"),
        pytest.param(whole(b'{"tags":' + b"[" * 1_000_000), id="deep"),
        pytest.param(whole(b'{"tags":[1e999]}'), id="numbers"),
        pytest.param(whole(b'{"tags":["1"]}', b'Link: <http://127.0.0.9/x>; rel="next"'), id="another host"),
    ],
)
def test_tags_that_are_bombs(ask, answer):
    ask(answer, NetworkError, verb="tags")


def test_a_link_that_is_a_bomb_costs_no_time():
    begun = time.monotonic()
    with (
        RawServer({"/": whole(b'{"tags":["1"]}', b"Link: " + b"<" * 90_000)}) as server,
        Client(Settings(cache=False, timeout=3, environment={})) as client,
    ):
        assert client.tags(f"{server.address}/x").tags == ("1",)
    assert time.monotonic() - begun < _SECONDS_MAX


def test_an_index_of_indexes_of_indexes_costs_no_time(ask):
    answers: Script = {}
    raw = b'{"manifests":[]}'
    for _ in range(4):
        answers[f"/v2/x/manifests/{Digest.of(raw)}"] = whole(raw)
        entry = b'{"mediaType":"%s","digest":"%s","size":%d}' % (
            OCI_INDEX.encode(),
            str(Digest.of(raw)).encode(),
            len(raw),
        )
        raw = b'{"manifests":[%s]}' % b",".join([entry] * 4_000)
    ask(answers | {"/v2/x/manifests/1": whole(raw)}, NoSuchPlatform, verb="plan")


def test_a_config_without_an_end_is_refused(ask):
    config = b"{}"
    descriptor = {"mediaType": OCI_CONFIG, "digest": str(Digest.of(config)), "size": len(config)}
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor, "layers": []}).encode()
    answers: Script = {
        "/v2/x/manifests": whole(raw),
        "/v2/x/blobs": Endless(_OK + b"\r\n", b"x" * 65536),
    }
    ask(answers, IntegrityError, verb="plan")


def test_error_answers_that_are_bombs_are_told_short(ask):
    for body in (b"[" * 1_000_000, b'{"errors":[{"message":"' + b"x" * 1_000_000 + b'"}]}', b"<title>" * 100_000):
        answer = [b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body) + body]
        assert len(ask(answer, DgetError).message) < 500


def test_indexes_in_an_index_are_not_held_all_at_once(ask):
    padded = [
        b'{"schemaVersion":2,"mediaType":"%s","manifests":[]}' % OCI_INDEX.encode() + b" " * (4_000_000 + place)
        for place in range(40)
    ]
    entries = b",".join(
        b'{"mediaType":"%s","digest":"%s","size":%d}' % (OCI_INDEX.encode(), str(Digest.of(one)).encode(), len(one))
        for one in padded
    )
    root = b'{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' % (OCI_INDEX.encode(), entries)
    answers = {f"/v2/x/manifests/{Digest.of(one)}": whole(one) for one in padded}
    ask({**answers, "/": whole(root)}, NoSuchPlatform, verb="plan")
