"""A registry and mirrors of it: dead, slow, wrong and good ones."""

import base64
import contextlib
import json
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.archive import check_archive
from dget.errors import Cancelled, IntegrityError, NotFound
from dget.flow import Cancel, Event, Noted, Warned
from dget.protocol.http import Headers, Request
from dget.serve import Answer
from tests.component.conftest import Registry, is_blob, noise, with_body, with_status

LAYER = noise(11, 24_000_000)
NOTHING_ELSE = dict.fromkeys(("DGET_DOCKER_DAEMON_JSON", "DGET_CONTAINERD_CERTS_D", "CONTAINERS_REGISTRIES_CONF"), "")

Start = Callable[[], Registry]
Connect = Callable[..., Client]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts registries that have the image."""
    with ExitStack() as stack:

        def one() -> Registry:
            registry: Registry = Registry()
            registry.image("app", "1", LAYER)
            registry.index("app", "many", amd64=[LAYER])
            stack.enter_context(registry.server)
            return registry

        yield one


@pytest.fixture
def origin(start: Start) -> Registry:
    return start()


@pytest.fixture
def connect(tmp_path, events) -> Iterator[Connect]:
    """A new run of the same person: `connect(origin, mirror, …)`."""
    with ExitStack() as stack:

        def one(origin: Registry | str, *mirrors: Registry | str, **more) -> Client:
            of = address(origin)
            words = tuple(f"{of}=http://{address(mirror)}" for mirror in mirrors)
            environment = {**NOTHING_ELSE, **more.pop("environment", {})}
            settings = Settings(mirror=words, cache_dir=tmp_path / "cache", timeout=10, environment=environment, **more)
            client: Client = stack.enter_context(Client(settings, observer=events.append))
            return client

        yield one


def address(host: Registry | str) -> str:
    return host if isinstance(host, str) else host.server.address


@pytest.fixture
def silent() -> Iterator[str]:
    """A host that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listener.accept()[0])

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        taker.join(1)
        for connection in taken:
            connection.close()


@pytest.fixture
def closed() -> str:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def pull(client: Client, registry: Registry | str, tmp_path: Path, tag: str = "1"):
    result = client.pull(f"{address(registry)}/app:{tag}", platform="amd64", output=tmp_path / "x.tar")
    check_archive(result.path)
    return result


def warnings(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warned)]


def ranges(registry: Registry) -> list[str]:
    """Parts of the layer that were asked for."""
    return [part for _, _, part in registry.asked if part]


def slowed(registry: Registry, rate: float) -> None:
    """Blobs come at so many bytes a second and connection."""

    def drip(request, given: Answer) -> Answer:
        if not is_blob(request):
            return given
        whole = b"".join(given.body)
        step = max(1, int(rate / 20))

        def pieces() -> Iterator[bytes]:
            for at in range(0, len(whole), step):
                time.sleep(len(whole[at : at + step]) / rate)
                yield whole[at : at + step]

        return replace(given, body=pieces())

    registry.fault = drip


def flipped_first(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def wrong_bytes(registry: Registry) -> None:
    """Parts of blobs come with a wrong byte; documents are as they should be."""
    honest = registry.fault
    registry.fault = lambda request, given: (
        with_body(honest(request, given), flipped_first) if request.headers.get("Range") else honest(request, given)
    )


# Bytes.


def test_chunks_come_from_all_healthy_hosts(origin, start, connect, tmp_path, events):
    mirrors = [start(), start()]
    for host in (origin, *mirrors):
        slowed(host, 8_000_000)
    result = pull(connect(origin, *mirrors), origin, tmp_path)
    assert result.fetched >= len(LAYER)
    assert all(ranges(host) for host in (origin, *mirrors))
    assert warnings(events) == []


class Crowd:
    """How many blobs a host is asked for at the same time, at most."""

    def __init__(self, registry: Registry) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._fault = registry.fault
        registry.fault = self._counted

    def _counted(self, request: Request, given: Answer) -> Answer:
        answer = self._fault(request, given)
        if not is_blob(request):
            return answer
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        return replace(answer, body=self._leaving(answer.body))

    def _leaving(self, body: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from body
        finally:
            with self._lock:
                self._now -= 1


def test_the_number_of_connections_is_each_hosts_own(origin, start, connect, tmp_path):
    mirror = start()
    for host in (origin, mirror):
        slowed(host, 3_000_000)
    crowds = [Crowd(host) for host in (origin, mirror)]
    pull(connect(origin, mirror, connections=3), origin, tmp_path)
    # One more at the origin, for a moment: a stranger's first bytes are compared with its.
    assert crowds[0].most in (3, 4)
    assert crowds[1].most == 3


def test_faster_hosts_give_more(origin, start, connect, tmp_path):
    fast, slow = start(), start()
    slowed(origin, 2_000_000)
    slowed(fast, 20_000_000)
    slowed(slow, 2_000_000)
    pull(connect(origin, fast, slow, connections=4), origin, tmp_path)
    assert len(ranges(fast)) > max(len(ranges(origin)), len(ranges(slow)))


def test_a_strangers_first_bytes_are_fetched_from_a_second_host_too(origin, start, connect, tmp_path):
    mirror = start()
    slowed(mirror, 20_000_000)
    slowed(origin, 20_000_000)
    pull(connect(origin, mirror), origin, tmp_path)
    first = ranges(mirror)[0]
    assert first in ranges(origin)
    assert all(part not in ranges(origin) for part in ranges(mirror)[1:])


def test_a_mirror_whose_first_bytes_are_wrong_is_left_out_and_named(origin, start, connect, tmp_path, events):
    wrong = start()
    wrong_bytes(wrong)
    # The mirror is found while there is something left to fetch.
    slowed(origin, 20_000_000)
    pull(connect(origin, wrong), origin, tmp_path)
    (told,) = warnings(events)
    assert f"the mirror {address(wrong)} is left out" in told
    assert address(origin) in told
    assert len(ranges(wrong)) == 1


def test_a_mirror_whose_first_chunk_is_taken_over_while_it_is_compared_is_not_accused(
    origin, start, connect, tmp_path, events
):
    mirror = start()
    slowed(mirror, 5_000_000)
    slowed(origin, 20_000_000)
    dripping, asked, taken_over = origin.fault, [], threading.Event()

    def compares_late(request, given):
        if request.headers.get("Range") not in ranges(mirror):
            return dripping(request, given)
        asked.append(request)
        if len(asked) == 1:
            assert taken_over.wait(10)
        else:
            taken_over.set()
            # The run goes on while the comparison ends.
            time.sleep(0.5)
        return dripping(request, given)

    origin.fault = compares_late
    pull(connect(origin, mirror), origin, tmp_path)
    assert taken_over.is_set()
    assert warnings(events) == []


def test_a_mirror_that_lies_later_is_found_by_comparing_what_each_gave(origin, start, connect, tmp_path, events):
    liar, good = start(), start()
    for host in (origin, liar, good):
        slowed(host, 8_000_000)
    honest = liar.fault

    def lies_after_its_first_chunk(request, given):
        answer = honest(request, given)
        if not is_blob(request) or len(ranges(liar)) < 2:
            return answer
        return with_body(answer, flipped_first)

    liar.fault = lies_after_its_first_chunk
    pull(connect(origin, liar, good, connections=1), origin, tmp_path)
    told = warnings(events)
    assert len(ranges(liar)) >= 2
    assert any(f"the mirror {address(liar)} is left out" in text for text in told)
    assert any(f"fetching again what {address(liar)} gave of it" in text for text in told)
    assert not any(f"the mirror {address(good)}" in text for text in told)


def test_two_mirrors_without_their_origin_are_compared_with_each_other(silent, start, connect, tmp_path, events):
    one, other = start(), start()
    for host in (one, other):
        slowed(host, 2_000_000)
    pull(connect(silent, one, other), silent, tmp_path)
    assert set(ranges(one)) & set(ranges(other))
    assert not any("left out" in text for text in warnings(events))


def test_wrong_bytes_from_everywhere_are_no_image(origin, start, connect, tmp_path):
    mirror = start()
    wrong_bytes(mirror)
    wrong_bytes(origin)
    with pytest.raises(IntegrityError):
        pull(connect(origin, mirror), origin, tmp_path)
    assert not list(tmp_path.glob("*.tar"))


@pytest.mark.parametrize("cache", [True, False], ids=["cache", "no-cache"])
def test_what_one_host_gave_before_a_break_is_not_fetched_again_from_another(origin, start, connect, tmp_path, cache):
    cancel = Cancel()
    slowed(origin, 8_000_000)
    drip = origin.fault

    def stopping(request, given):
        # The third part is asked for when the first or the second is here.
        if len(ranges(origin)) == 3:
            cancel.cancel()
        return drip(request, given)

    origin.fault = stopping
    with pytest.raises(Cancelled):
        connect(origin, cache=cache, connections=2).pull(
            f"{address(origin)}/app:1", platform="amd64", output=tmp_path / "x.tar", cancel=cancel
        )
    origin.fault = lambda request, given: with_status(given, 503)
    result = pull(connect(origin, start(), cache=cache), origin, tmp_path)
    assert result.reused >= 4_000_000
    assert result.fetched <= len(LAYER) - 4_000_000


def test_a_mirror_that_breaks_off_costs_nothing_but_its_share(origin, start, connect, tmp_path):
    mirror = start()
    slowed(origin, 8_000_000)

    def broken(request, given: Answer) -> Answer:
        if not is_blob(request):
            return given

        def pieces() -> Iterator[bytes]:
            yield b"".join(given.body)[:1000]
            raise ConnectionError

        return replace(given, body=pieces())

    mirror.fault = broken
    pull(connect(origin, mirror), origin, tmp_path)


def test_a_mirror_that_lacks_a_blob_is_asked_for_it_once_and_not_blamed(origin, start, connect, tmp_path, events):
    mirror = start()
    slowed(origin, 8_000_000)
    mirror.fault = lambda request, given: with_status(given, 404) if is_blob(request) else given
    pull(connect(origin, mirror), origin, tmp_path)
    assert len(ranges(mirror)) <= 1
    assert warnings(events) == []


def test_a_mirror_without_ranges_leaves_the_parts_to_others(origin, start, connect, tmp_path):
    mirror = start()
    slowed(origin, 8_000_000)

    def whole(request, given):
        if request.headers.get("Range") is None or not is_blob(request):
            return given
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(LAYER)))]), body=(LAYER,))

    mirror.fault = whole
    pull(connect(origin, mirror), origin, tmp_path)
    assert len(ranges(origin)) > 1


def test_one_dead_one_wrong_and_one_slow_mirror_leave_the_pull_right_and_quick(
    origin, start, silent, connect, tmp_path, events, capsys
):
    wrong, slow = start(), start()
    for host in (origin, wrong):
        slowed(host, 4_000_000)
    honest = wrong.fault
    wrong.fault = lambda request, given: with_body(honest(request, given), flipped_first) if is_blob(request) else given
    slowed(slow, 50_000)
    begun = time.monotonic()
    pull(connect(origin, connections=4, cache=False), origin, tmp_path)
    alone = time.monotonic() - begun
    begun = time.monotonic()
    pull(connect(origin, silent, wrong, slow, connections=4), origin, tmp_path)
    together = time.monotonic() - begun
    with capsys.disabled():
        print(f"\nthe good one alone {alone:.2f} s, with a dead, a wrong and a slow mirror {together:.2f} s")
    told = warnings(events)
    assert any(f"the mirror {silent} rests" in text for text in told)
    assert any(f"the mirror {address(wrong)} is left out" in text for text in told)
    assert not any(address(slow) in text for text in told)
    # A pull that waited for the slow one's share, or for the dead one's time-out, takes many times as long.
    assert together < 3 * alone


# Small requests.


def page(request, given: Answer) -> Answer:
    text = b"<html><body>log in</body></html>"
    fields = Headers.of([("Content-Type", "text/html"), ("Content-Length", str(len(text)))])
    return Answer(status=200, headers=fields, body=(text,))


def circling(request, given: Answer) -> Answer:
    return with_status(given, 302, ("Location", request.url))


def other_manifest(request, given: Answer) -> Answer:
    return with_body(given, lambda data: data.replace(b"layers", b"Layers")) if "/manifests/" in request.url else given


@pytest.mark.parametrize(
    ("fault", "said"),
    [(page, "web page"), (circling, "redirects more than"), (other_manifest, "does not match its digest")],
)
def test_a_mirror_that_is_none_is_left_out_and_named(origin, start, connect, tmp_path, events, fault, said):
    wrong = start()
    wrong.fault = fault
    # Long enough for the mirror to be heard.
    slowed(origin, 8_000_000)
    pull(connect(origin, wrong), origin, tmp_path, "many")
    (told,) = warnings(events)
    assert f"the mirror {address(wrong)} is left out" in told
    assert said in told
    assert ranges(wrong) == []


def test_a_tag_is_the_origins_to_resolve(origin, start, connect, tmp_path):
    mirror = start()
    mirror.image("app", "1", noise(12, 1000))
    digest = connect(origin).pull(f"{address(origin)}/app:1", platform="amd64", output=tmp_path / "y.tar").digest
    found = connect(origin, mirror, cache=False).plan(f"{address(origin)}/app:1", platform="amd64")
    assert found.digest == digest
    assert not any("manifests/1" in url for _, url, _ in mirror.asked)


def test_what_the_origin_says_of_a_tag_is_final(origin, start, connect, tmp_path):
    mirror = start()
    mirror.image("app", "2", LAYER)
    with pytest.raises(NotFound):
        connect(origin, mirror).inspect(f"{address(origin)}/app:2", platform="amd64")
    assert mirror.asked == []


def test_a_tag_from_any_is_as_the_first_one_has_it(origin, start, connect, events):
    mirror = start()
    held = threading.Event()

    def waiting(request, given):
        held.wait(10)
        return given

    origin.fault = waiting
    connect(origin, mirror, tag_from="any").raw(f"{address(origin)}/app:1")
    held.set()
    named = [event.text for event in events if isinstance(event, Noted)]
    assert f"the tag is as the mirror {address(mirror)} has it" in named


def test_a_mirror_without_the_capability_to_resolve_is_asked_for_no_tag(silent, start, connect, tmp_path):
    able, unable = start(), start()
    folder = tmp_path / "certs.d" / silent
    folder.mkdir(parents=True)
    hosts = [
        f'server = "http://{silent}"',
        f'[host."http://{address(unable)}"]\ncapabilities = ["pull"]',
        f'[host."http://{address(able)}"]\ncapabilities = ["pull", "resolve"]',
    ]
    (folder / "hosts.toml").write_text("\n".join(hosts))
    client = connect(silent, environment={"DGET_CONTAINERD_CERTS_D": str(tmp_path / "certs.d")})
    pull(client, silent, tmp_path)
    assert not any("manifests/1" in url for _, url, _ in unable.asked)
    assert any("manifests/1" in url for _, url, _ in able.asked)


@pytest.mark.parametrize("dead", ["silent", "closed"])
def test_an_origin_that_is_dead_costs_a_second_once_and_the_mirror_is_named(
    dead, start, connect, tmp_path, events, request
):
    gone = request.getfixturevalue(dead)
    mirror = start()
    pull(connect(gone, mirror), gone, tmp_path)
    assert f"{gone} does not answer: the tag is as the mirror {address(mirror)} has it" in warnings(events)
    begun = time.monotonic()
    connect(gone, mirror).raw(f"{gone}/app:1")
    # It rests: its head start is not waited for again.
    assert time.monotonic() - begun < 0.9


def test_a_dead_mirror_costs_a_second_once_and_is_not_asked_in_the_next_run(origin, silent, connect, tmp_path, events):
    begun = time.monotonic()
    pull(connect(origin, silent), origin, tmp_path)
    assert time.monotonic() - begun < 8
    assert [text for text in warnings(events) if f"the mirror {silent} rests for 60 seconds" in text]
    events.clear()
    pull(connect(origin, silent, verify_cache=False), origin, tmp_path)
    assert not any(silent in getattr(event, "url", "") for event in events)
    assert warnings(events) == []


def test_a_mirror_that_rested_and_answers_again_is_asked_as_before(origin, start, connect, tmp_path):
    mirror = start()
    record = tmp_path / "cache" / "hosts.json"
    record.parent.mkdir()
    url = f"http://{address(mirror)}/v2"
    record.write_text(json.dumps({url: {"failures": 3, "until": time.time() - 1}}))
    slowed(origin, 8_000_000)
    pull(connect(origin, mirror), origin, tmp_path)
    assert mirror.asked
    assert json.loads(record.read_text()) == {}


def test_garbled_memory_of_hosts_is_none(origin, start, connect, tmp_path):
    mirror = start()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "hosts.json").write_bytes(b"\xff{")
    slowed(origin, 8_000_000)
    pull(connect(origin, mirror), origin, tmp_path)
    assert mirror.asked


def test_tags_are_listed_by_a_mirror_where_the_origin_is_dead(closed, start, connect, events):
    mirror = start()
    assert connect(closed, mirror).tags(f"{closed}/app").tags == ("1", "many")
    assert any(address(mirror) in text for text in warnings(events))


# What goes to whom.


def test_the_archive_carries_the_origins_name(silent, start, connect, tmp_path):
    path = pull(connect(silent, start()), silent, tmp_path).path
    with tarfile.open(path) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert manifest[0]["RepoTags"] == [f"{silent}/app:1"]


def test_a_mirror_never_gets_what_was_given_for_the_registry(origin, start, connect, tmp_path):
    mirror = start()

    def guard(registry: Registry, inner) -> None:
        def challenge(request, given):
            if request.headers.get("Authorization") is None:
                return with_status(given, 401, ("WWW-Authenticate", 'Basic realm="x"'))
            return inner(request, given)

        registry.fault = challenge

    slowed(origin, 8_000_000)
    guard(origin, origin.fault)
    guard(mirror, mirror.fault)
    pull(connect(origin, mirror, username="me", password="geheim"), origin, tmp_path)
    assert mirror.requests
    assert {request.headers.get("Authorization") for request in mirror.requests} == {None}


def test_each_host_gets_what_is_kept_under_its_own_name(origin, start, connect, tmp_path):
    mirror = start()
    slowed(origin, 8_000_000)

    def guard(registry: Registry, name: str) -> str:
        inner, accepted = registry.fault, base64.b64encode(f"{name}:geheim".encode()).decode()

        def challenge(request, given):
            if request.headers.get("Authorization") != f"Basic {accepted}":
                return with_status(given, 401, ("WWW-Authenticate", 'Basic realm="x"'))
            return inner(request, given)

        registry.fault = challenge
        return accepted

    auths = {address(origin): {"auth": guard(origin, "own")}, address(mirror): {"auth": guard(mirror, "other")}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    pull(connect(origin, mirror, environment={"DOCKER_CONFIG": str(tmp_path)}), origin, tmp_path)
    for host in (origin, mirror):
        sent = {request.headers.get("Authorization") for request in host.requests}
        assert sent == {None, f"Basic {auths[address(host)]['auth']}"}


def test_headers_and_the_namespace_go_to_the_mirror_that_they_are_for(origin, start, connect, tmp_path):
    mirror, store = start(), start()
    folder = tmp_path / "certs.d" / address(origin)
    folder.mkdir(parents=True)
    (folder / "hosts.toml").write_text(
        f'server = "http://{address(origin)}"\n[host."http://{address(mirror)}"]\nheader = {{x-key = "secret"}}'
    )
    slowed(origin, 8_000_000)
    mirror.fault = lambda request, given: (
        with_status(given, 307, ("Location", f"{store.server.url}{request.url.partition('?')[0]}"))
        if is_blob(request)
        else given
    )
    client = connect(origin, environment={"DGET_CONTAINERD_CERTS_D": str(tmp_path / "certs.d")})
    pull(client, origin, tmp_path)
    assert {request.headers.get("x-key") for request in mirror.requests} == {"secret"}
    assert all(f"ns={address(origin).replace(':', '%3A')}" in request.url for request in mirror.requests)
    for other in (origin, store):
        assert other.requests
        assert not any(request.headers.get("x-key") or "ns=" in request.url for request in other.requests)
