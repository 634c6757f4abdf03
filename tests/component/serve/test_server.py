"""The embedded registry over real connections."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dget.errors import Unsupported
from dget.model import Digest
from dget.protocol.http import Headers
from dget.serve import Answer, LayoutContent, MemoryContent, Server, answer
from dget.serve.sample import REPOSITORY, sample_content

DATA = bytes(range(256)) * 20_000


@pytest.fixture
def serving():
    """Starts a server for a handler; the connection to it."""
    started = []

    def start(handler):
        server = Server(handler).__enter__()
        connection = http.client.HTTPConnection(server.address, timeout=10)
        started.append((server, connection))
        return connection

    yield start
    for server, connection in started:
        connection.close()
        server.__exit__(None, None, None)


@pytest.fixture
def layout(tmp_path):
    """An OCI image layout with a large blob in its repository `library/app`."""
    digest = Digest.of(DATA)
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    (tmp_path / "blobs" / "sha256" / digest.hex).write_bytes(DATA)
    entry = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": str(digest),
        "size": len(DATA),
        "annotations": {"org.opencontainers.image.ref.name": "app:1"},
    }
    (tmp_path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return tmp_path


@pytest.fixture
def sample(serving):
    content = sample_content()
    return serving(lambda request: answer(request, content))


def ask(connection, path, method="GET", body=None, **headers):
    connection.request(method, path, body=body, headers=headers)
    given = connection.getresponse()
    return given, given.read()


def exchange(connection, sent):
    """What a server answers to these very bytes, until it ends the connection."""
    with socket.create_connection((connection.host, connection.port), timeout=10) as raw:
        raw.sendall(sent)
        return b"".join(iter(lambda: raw.recv(65536), b""))


def test_one_connection_serves_request_after_request(sample):
    ask(sample, "/v2/")
    first = sample.sock
    for path in (f"/v2/{REPOSITORY}/tags/list", f"/v2/{REPOSITORY}/manifests/latest", "/v2/nothing/tags/list"):
        ask(sample, path)
    assert sample.sock is first


def test_head_has_the_length_and_no_body(sample):
    wanted, body = ask(sample, f"/v2/{REPOSITORY}/manifests/latest")
    given, nothing = ask(sample, f"/v2/{REPOSITORY}/manifests/latest", "HEAD")
    assert nothing == b""
    assert given.getheader("Content-Length") == str(len(body))
    assert given.getheader("Docker-Content-Digest") == wanted.getheader("Docker-Content-Digest") == str(Digest.of(body))
    assert ask(sample, "/v2/")[0].status == 200


@pytest.mark.parametrize(
    ("wanted", "part"), [("bytes=1000-2000999", slice(1000, 2001000)), ("bytes=-5", slice(-5, None))]
)
def test_parts_of_a_file_arrive_as_they_are(serving, layout, wanted, part):
    content = LayoutContent(layout)
    connection = serving(lambda request: answer(request, content))
    given, body = ask(connection, f"/v2/library/app/blobs/{Digest.of(DATA)}", Range=wanted)
    assert (given.status, body) == (206, DATA[part])
    assert ask(connection, f"/v2/library/app/blobs/{Digest.of(DATA)}")[1] == DATA


def test_a_file_that_got_shorter_ends_the_connection(serving, layout):
    content = LayoutContent(layout)

    def cut_after_the_headers(request):
        given = answer(request, content)
        (layout / "blobs" / "sha256" / Digest.of(DATA).hex).write_bytes(DATA[:1000])
        return given

    connection = serving(cut_after_the_headers)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(connection, f"/v2/library/app/blobs/{Digest.of(DATA)}")
    assert caught.value.partial == DATA[:1000]


def test_an_empty_file_is_served(serving, layout):
    (layout / "blobs" / "sha256" / Digest.of(b"").hex).touch()
    content = LayoutContent(layout)
    connection = serving(lambda request: answer(request, content))
    given, body = ask(connection, f"/v2/library/app/blobs/{Digest.of(b'')}")
    assert (given.status, body) == (200, b"")
    assert ask(connection, "/v2/")[0].status == 200


def test_many_connections_are_served_at_once(serving):
    content = MemoryContent()
    digest = content.add_blob(DATA)
    content.add_manifest("app", b"{}", "application/json", "1")
    everyone = threading.Barrier(40)

    def meet(request):
        everyone.wait(10)
        return answer(request, content)

    first = serving(meet)

    def fetch(_):
        connection = http.client.HTTPConnection(first.host, first.port, timeout=20)
        try:
            return ask(connection, f"/v2/app/blobs/{digest}")[1] == DATA
        finally:
            connection.close()

    with ThreadPoolExecutor(40) as pool:
        assert all(pool.map(fetch, range(40)))


def test_a_refused_write_leaves_the_connection_usable(sample):
    given, body = ask(sample, "/v2/app/blobs/uploads/", "POST", b"GET /v2/ HTTP/1.1\r\n\r\n")
    assert (given.status, json.loads(body)["errors"][0]["code"]) == (405, "UNSUPPORTED")
    assert given.getheader("Allow") == "GET, HEAD"
    given, body = ask(sample, f"/v2/{REPOSITORY}/tags/list")
    assert json.loads(body)["name"] == REPOSITORY


def test_the_handler_gets_the_body_of_a_request(serving):
    bodies = []

    def keep(request):
        bodies.append(request.body)
        return answer(request, MemoryContent())

    ask(serving(keep), "/token", "POST", b"grant_type=refresh_token")
    assert bodies == [b"grant_type=refresh_token"]


@pytest.mark.parametrize("framing", [b"Content-Length: 99999999", b"Content-Length: -1", b"Transfer-Encoding: chunked"])
def test_a_body_that_stays_unread_is_not_taken_for_a_request(sample, framing):
    said = exchange(sample, b"GET /v2/ HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n")
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in said


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x00\x01\x02 nonsense\r\n\r\n", 400),
        (b"GET /v2/ HTTP/9.9\r\n\r\n", 505),
        (b"BREW /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"GET /" + b"a" * 65535 + b" ", 414),
        (b"GET /v2/ HTTP/1.1\r\n" + b"X: y\r\n" * 101, 431),
        (b"GET /v2/ HTTP/1.1\r\nX: " + b"y" * 65534, 431),
    ],
    ids=["nonsense", "version", "method", "long line", "many headers", "long header"],
)
def test_what_is_no_request_is_refused_as_registries_do(sample, sent, status):
    head, _, body = exchange(sample, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in head
    assert json.loads(body)["errors"][0]["code"] == "UNSUPPORTED"


def test_a_tls_greeting_ends_at_once(sample):
    assert exchange(sample, b"\x16") == b""


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file"), Unsupported("no index")])
def test_content_that_cannot_be_read_is_a_servers_error(serving, error):
    def fail(request):
        raise error

    connection = serving(fail)
    given, body = ask(connection, "/v2/app/tags/list")
    assert given.status == 500
    assert json.loads(body)["errors"][0]["message"].startswith("what this registry serves cannot be read: ")
    assert ask(connection, "/v2/")[0].status == 500


def test_a_handler_can_break_the_connection_off(serving):
    def broken(request):
        raise ConnectionError

    with pytest.raises(http.client.RemoteDisconnected):
        ask(serving(broken), "/v2/")


@pytest.mark.parametrize("promised", ["10", "3", None])
def test_a_body_that_is_not_as_long_as_promised_ends_the_connection(serving, promised):
    fields = [("Content-Length", promised)] if promised else []
    connection = serving(lambda request: Answer(status=200, headers=Headers.of(fields), body=(b"abc", b"de")))
    said = exchange(connection, b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.endswith(b"\r\n\r\nabcde")


def test_the_observer_is_told_each_request_and_its_status():
    content, told = sample_content(), []
    with Server(
        lambda request: answer(request, content), lambda request, status: told.append((request.url, status))
    ) as server:
        connection = http.client.HTTPConnection(server.address, timeout=10)
        ask(connection, "/v2/")
        ask(connection, "/v2/nothing/tags/list")
        connection.close()
    assert told == [("/v2/", 200), ("/v2/nothing/tags/list", 404)]


def test_the_end_does_not_wait_for_idle_clients():
    with Server(lambda request: answer(request, MemoryContent())) as server:
        connection = http.client.HTTPConnection(server.address, timeout=10)
        ask(connection, "/v2/")
    assert connection.sock.recv(1) == b""
    connection.close()
