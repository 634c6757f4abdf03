"""Servers that fail, lie or go silent."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.archive import check_archive
from dget.errors import Cancelled, DgetError, IntegrityError, NetworkError, NotFound, RateLimited, RegistryError
from dget.flow import Cancel, Retrying, Warned
from dget.model import Digest
from dget.model.media_type import OCI_MANIFEST
from dget.protocol.http import Headers, Request
from dget.serve import Answer
from tests.component.conftest import Registry, is_blob, noise, with_body, with_status
from tests.parts.fault_proxy import Fault, FaultProxy

LAYER = noise(5, 9_000_000)


@pytest.fixture
def image(registry):
    registry.image("app", "1", LAYER)
    return registry.name("app:1")


class Once:
    """True for the first `count` calls."""

    def __init__(self, count: int = 1) -> None:
        self.left = count
        self.lock = threading.Lock()

    def __call__(self) -> bool:
        with self.lock:
            self.left -= 1
            return self.left >= 0


def flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def is_layer(request) -> bool:
    return is_blob(request) and request.headers.get("Range") is not None


def is_of_layer(request) -> bool:
    """Of LAYER, in parts or as a whole: where much comes in a moment, one chunk has it all."""
    return str(Digest.of(LAYER)) in request.url


def pull(client, image, tmp_path):
    return client.pull(image, platform="amd64", output=tmp_path / "x.tar.gz")


def nothing_left(tmp_path) -> bool:
    found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    return not any(name.endswith((".part", ".tar.gz", ".lock")) for name in found)


def test_a_flipped_byte_leaves_no_file_under_the_final_name(registry, client, image, tmp_path):
    registry.fault = lambda request, given: with_body(given, flipped) if is_of_layer(request) else given
    with pytest.raises(IntegrityError):
        pull(client, image, tmp_path)
    assert nothing_left(tmp_path)


def test_a_byte_that_was_flipped_once_is_fetched_afresh(registry, client, image, events, tmp_path):
    once = Once()
    registry.fault = lambda request, given: with_body(given, flipped) if is_layer(request) and once() else given
    check_archive(pull(client, image, tmp_path).path)
    assert [event for event in events if isinstance(event, Warned)]


def test_a_manifest_that_does_not_match_its_digest_is_refused(registry, client, tmp_path):
    registry.index("app", "2", amd64=[LAYER])
    registry.fault = lambda request, given: (
        with_body(given, lambda data: data.replace(b"layers", b"Layers"))
        if "manifests/sha256" in request.url
        else given
    )
    with pytest.raises(IntegrityError, match="does not match its digest"):
        pull(client, registry.name("app:2"), tmp_path)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_error_is_tried_again(registry, client, image, events, tmp_path, status):
    once = Once(3)
    registry.fault = lambda request, given: with_status(given, status) if once() else given
    check_archive(pull(client, image, tmp_path).path)
    assert len([event for event in events if isinstance(event, Retrying)]) >= 1


@pytest.mark.parametrize(
    "until",
    [lambda: "2", lambda: formatdate(time.time() + 2, usegmt=True), lambda: f"{time.time() + 2:.0f}"],
    ids=["seconds", "date", "unix time"],
)
def test_the_servers_wait_is_kept_in_whatever_form_it_comes(registry, client, image, tmp_path, until):
    once = Once()
    registry.fault = lambda request, given: with_status(given, 429, ("Retry-After", until())) if once() else given
    begun = time.monotonic()
    pull(client, image, tmp_path)
    # Dates are of whole seconds.
    assert time.monotonic() - begun >= 1


def test_a_long_wait_ends_the_pull_and_says_when_to_come_back(registry, client, image, tmp_path):
    registry.fault = lambda request, given: with_status(given, 429, ("Retry-After", "7200"))
    with pytest.raises(RateLimited) as caught:
        pull(client, image, tmp_path)
    assert "2 h" in (caught.value.hint or "")


def allowing(
    at_once: int, refuse: Callable[[Answer], Answer], *, rate: float = 3e6
) -> Callable[[Request, Answer], Answer]:
    """A server that gives layers to so many at a time, at most `rate` bytes a second, and refuses the others."""
    slots = threading.Semaphore(at_once)

    def slowly(body: Iterable[bytes]) -> Iterator[bytes]:
        try:
            whole = b"".join(body)
            for at in range(0, len(whole), 1 << 16):
                time.sleep((1 << 16) / rate)
                yield whole[at : at + (1 << 16)]
        finally:
            slots.release()

    def fault(request: Request, given: Answer) -> Answer:
        if not is_layer(request):
            return given
        return replace(given, body=slowly(given.body)) if slots.acquire(blocking=False) else refuse(given)

    return fault


@pytest.mark.parametrize(("connections", "status"), [(None, 429), (8, 503), (None, None), (8, None)])
def test_a_server_that_allows_two_at_a_time_gives_all_of_it_over_two(registry, settings, tmp_path, connections, status):
    """status: of its refusal; None where it breaks the connection off."""

    def refuse(given):
        if status is None:
            raise ConnectionError
        return with_status(given, status)

    registry.image("large", "1", noise(6, 20_000_000))
    registry.fault = allowing(2, refuse)
    with Client(replace(settings, connections=connections)) as client:
        check_archive(pull(client, registry.name("large:1"), tmp_path).path)
    refused = len(registry.blobs_asked()) - 20_000_000 // (8 << 20)
    assert refused < 40


def test_what_a_server_allows_is_remembered_for_the_next_image(registry, client, tmp_path):
    """The second request for a layer comes when the first is answered, and not beside it."""
    refused: list[int] = []

    def refuse(given):
        refused.append(len(registry.blobs_asked()))
        return with_status(given, 503)

    registry.fault = allowing(1, refuse, rate=25e6)
    early = []
    for seed, name in enumerate(("first", "second"), start=20):
        registry.image(name, "1", noise(seed, 10_000_000))
        # The config is asked for before the layer.
        second = len(registry.blobs_asked()) + 3
        pull(client, registry.name(f"{name}:1"), tmp_path)
        early.append(second in refused)
    assert early == [True, False]


def test_a_range_that_a_server_cannot_satisfy_once_is_asked_for_again(registry, client, image, tmp_path):
    once = Once()
    registry.fault = lambda request, given: with_status(given, 416) if is_layer(request) and once() else given
    check_archive(pull(client, image, tmp_path).path)


def test_a_blob_that_ends_before_its_range_is_never_taken_for_whole(registry, client, image, tmp_path):
    registry.fault = lambda request, given: with_status(given, 416) if is_of_layer(request) else given
    with pytest.raises(IntegrityError, match="ends before"):
        pull(client, image, tmp_path)
    assert nothing_left(tmp_path)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def cdn(registry):
    second = Registry(content=registry.content)
    with second.server:
        yield second


@pytest.mark.parametrize(
    "wrong",
    [
        lambda cdn: "http://no-such-host.invalid",
        lambda cdn: f"http://127.0.0.1:{closed_port()}",
        lambda cdn: cdn.server.url.replace("http://", "https://"),
    ],
    ids=["DNS", "connect", "TLS"],
)
def test_a_link_to_where_nobody_answers_is_asked_for_anew(registry, cdn, settings, image, tmp_path, wrong):
    once = Once()

    def lead(request, given):
        if not is_layer(request):
            return given
        target = wrong(cdn) if once() else cdn.server.url
        return with_status(given, 307, ("Location", target + request.url))

    registry.fault = lead
    with Client(replace(settings, connections=1)) as client:
        check_archive(pull(client, image, tmp_path).path)
    # The other one is found once, and serves all parts.
    assert len([asked for method, path, asked in registry.asked if asked]) == 2


def test_a_host_that_takes_no_connection_is_told_as_such(tmp_path):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        address = full.getsockname()
        for _ in range(2):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(address)
        with (
            Client(Settings(cache=False, timeout=1, environment={})) as client,
            pytest.raises(NetworkError, match="cannot connect"),
        ):
            pull(client, f"127.0.0.1:{address[1]}/app:1", tmp_path)


def test_a_registry_that_was_there_is_waited_for_longer_than_a_mistyped_name(registry, client, tmp_path):
    """For documents as for blobs."""
    registry.index("app", "2", amd64=[LAYER])
    once = Once(3)
    registry.fault = lambda request, given: (
        with_status(given, 307, ("Location", f"http://127.0.0.1:{closed_port()}/x"))
        if "manifests/sha256" in request.url and once()
        else given
    )
    check_archive(pull(client, registry.name("app:2"), tmp_path).path)


def test_a_lasting_error_ends_within_bounded_time(registry, client, image, tmp_path):
    registry.fault = lambda request, given: with_status(given, 503) if is_blob(request) else given
    with pytest.raises(RegistryError):
        pull(client, image, tmp_path)
    assert nothing_left(tmp_path)


def test_a_blob_that_is_gone_is_not_found(registry, client, image, tmp_path):
    registry.fault = lambda request, given: with_status(given, 404) if is_of_layer(request) else given
    with pytest.raises(NotFound):
        pull(client, image, tmp_path)


def test_a_server_without_ranges_gives_whole_blobs(registry, client, image, tmp_path):
    def whole(request, given):
        if not is_layer(request):
            return given
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(LAYER)))]), body=(LAYER,))

    registry.fault = whole
    result = pull(client, image, tmp_path)
    check_archive(result.path)
    assert result.fetched == len(LAYER)


def test_that_a_server_knows_no_ranges_is_learned_once_for_all_images(registry, client, image, tmp_path):
    layers = {str(Digest.of(layer)): layer for layer in (LAYER, noise(9, 9_500_000))}
    registry.image("next", "1", layers[list(layers)[1]])

    def whole(request, given):
        layer = layers.get(request.url.rpartition("/")[2])
        if layer is None:
            return given
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(layer)))]), body=(layer,))

    registry.fault = whole
    pull(client, image, tmp_path)
    registry.asked.clear()
    pull(client, registry.name("next:1"), tmp_path)
    assert not [asked for _, _, asked in registry.asked if asked]


def test_a_blob_that_is_shorter_than_its_manifest_says_is_no_network_error(registry, client, tmp_path):
    good = json.loads(registry.manifest([LAYER], "amd64"))
    good["layers"][0]["size"] += 10
    registry.content.add_manifest("app", json.dumps(good).encode(), OCI_MANIFEST, "1")
    with pytest.raises(IntegrityError, match="where its manifest says"):
        client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar")


def test_a_resumed_pull_from_a_server_without_ranges_begins_afresh_without_a_false_alarm(
    registry, client, image, events, tmp_path
):
    cancel = Cancel()

    def stopping(request, given):
        if is_layer(request) and not (request.headers.get("Range") or "").startswith("bytes=0-"):
            cancel.cancel()
        return given

    registry.fault = stopping
    with pytest.raises(Cancelled):
        client.pull(image, platform="amd64", output=tmp_path / "x.tar.gz", cancel=cancel)
    registry.fault = lambda request, given: (
        Answer(status=200, headers=Headers.of([("Content-Length", str(len(LAYER)))]), body=(LAYER,))
        if is_layer(request)
        else given
    )
    check_archive(pull(client, image, tmp_path).path)
    assert not [event for event in events if isinstance(event, Warned)]


def test_what_a_pull_without_the_cache_left_counts_for_one_with_it(registry, settings, client, image, tmp_path):
    cancel = Cancel()

    def stopping(request, given):
        if is_layer(request) and not (request.headers.get("Range") or "").startswith("bytes=0-"):
            cancel.cancel()
        return given

    registry.fault = stopping
    with pytest.raises(Cancelled), Client(replace(settings, cache=False)) as without:
        without.pull(image, platform="amd64", output=tmp_path / "x.tar.gz", cancel=cancel)
    registry.fault = lambda request, given: given
    result = pull(client, image, tmp_path)
    check_archive(result.path)
    assert result.reused > 0
    assert result.fetched + result.reused >= len(LAYER)
    assert client.plan(image, platform="amd64").to_download == 0


def shifted(given: Answer) -> Answer:
    return replace(given, status=206, headers=given.headers.with_field("Content-Range", "bytes 1-4194304/9000000"))


def test_a_server_that_answers_another_range_gives_whole_blobs(registry, client, image, tmp_path):
    registry.fault = lambda request, given: shifted(given) if is_layer(request) else given
    result = pull(client, image, tmp_path)
    check_archive(result.path)
    assert result.fetched == len(LAYER)


def test_one_wrong_range_of_a_server_that_can_gives_nothing_away(registry, client, tmp_path):
    layer = noise(6, 13_000_000)
    registry.image("app", "3", layer)
    ranged: list[str] = []

    def once_wrong(request, given):
        if not is_layer(request) or given.status != 206:
            return given
        ranged.append(request.url)
        # Two connections ask first: whoever asks as the third has had a right answer.
        return shifted(given) if len(ranged) == 3 else given

    registry.fault = once_wrong
    result = pull(client, registry.name("app:3"), tmp_path)
    check_archive(result.path)
    assert result.fetched == len(layer)
    assert len(ranged) > 3
    # It goes on in parts: nobody asked for all of it.
    assert all(wanted for _, url, wanted in registry.asked if url == ranged[0])


def test_a_range_in_the_place_of_the_whole_is_refused(registry, client, image, tmp_path):
    registry.fault = lambda request, given: shifted(given) if is_of_layer(request) else given
    with pytest.raises(NetworkError, match="expected bytes"):
        pull(client, image, tmp_path)
    assert nothing_left(tmp_path)


def test_a_shorter_range_is_progress(registry, client, image, tmp_path):
    def shorter(request, given):
        if not is_layer(request):
            return given
        start, _, last = (request.headers.get("Range") or "").removeprefix("bytes=").partition("-")
        stop = min(int(start) + 700_000, int(last) + 1)
        fields = [
            ("Content-Length", str(stop - int(start))),
            ("Content-Range", f"bytes {start}-{stop - 1}/{len(LAYER)}"),
        ]
        return Answer(status=206, headers=Headers.of(fields), body=(LAYER[int(start) : stop],))

    registry.fault = shorter
    result = pull(client, image, tmp_path)
    check_archive(result.path)
    assert result.fetched == len(LAYER)


def broken_after(given: Answer, size: int) -> Answer:
    """The same answer, whose connection breaks off after `size` bytes."""

    def pieces() -> Iterator[bytes]:
        yield b"".join(given.body)[:size]
        raise ConnectionError

    return Answer(status=given.status, headers=given.headers, body=pieces())


def test_a_broken_connection_is_resumed_where_it_broke(registry, client, image, tmp_path):
    once = Once(4)
    registry.fault = lambda request, given: broken_after(given, 1_000_000) if is_layer(request) and once() else given
    result = pull(client, image, tmp_path)
    check_archive(result.path)
    # What arrived is not asked for again.
    assert any(asked == "bytes=1000000-4194303" for _, _, asked in registry.asked)


def test_connections_that_are_reset_again_and_again_cost_no_byte_twice(registry, client, image, tmp_path):
    with FaultProxy(registry.server.address) as proxy:
        proxy.script = lambda _: Fault(reset_after=1_000_000)
        check_archive(pull(client, proxy.name("app:1"), tmp_path).path)
        assert proxy.passed <= 1.05 * len(LAYER)


def test_a_connection_that_always_breaks_still_ends_well_while_it_moves(registry, client, image, tmp_path):
    registry.fault = lambda request, given: broken_after(given, 900_000) if is_layer(request) else given
    check_archive(pull(client, image, tmp_path).path)


def test_a_web_page_is_told_as_such(registry, client, image, tmp_path):
    page = b"<html><body>Please log in</body></html>"
    fields = Headers.of([("Content-Type", "text/html"), ("Content-Length", str(len(page)))])
    registry.fault = lambda request, given: Answer(status=200, headers=fields, body=(page,))
    with pytest.raises(NetworkError, match="web page"):
        pull(client, image, tmp_path)


def test_an_endless_manifest_is_refused(registry, client, image, tmp_path):
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(1 << 20)

    registry.fault = lambda request, given: Answer(
        status=200, headers=Headers.of([("Content-Length", str(100 << 20))]), body=endless()
    )
    with pytest.raises(DgetError, match="larger than"):
        pull(client, image, tmp_path)


def test_a_silent_server_ends_as_a_network_error(registry, image, tmp_path):
    released = threading.Event()

    def silent(request, given):
        released.wait(20)
        return given

    registry.fault = silent
    with (
        Client(Settings(cache=False, timeout=1, environment={})) as client,
        pytest.raises(NetworkError, match="silent"),
    ):
        pull(client, image, tmp_path)
    released.set()


def test_cancelling_ends_a_pull_from_a_silent_server_at_once(registry, client, image, tmp_path):
    released, stuck = threading.Event(), threading.Event()

    def silent(request, given):
        if is_layer(request):
            stuck.set()
            released.wait(20)
        return given

    registry.fault = silent
    cancel = Cancel()
    ended: list[float] = []

    def cancel_when_stuck() -> None:
        stuck.wait(10)
        ended.append(time.monotonic())
        cancel.cancel()

    thread = threading.Thread(target=cancel_when_stuck)
    thread.start()
    with pytest.raises(Cancelled):
        client.pull(image, platform="amd64", output=tmp_path / "x.tar.gz", cancel=cancel)
    assert time.monotonic() - ended[0] < 1
    thread.join()
    released.set()
    assert nothing_left(tmp_path)


def test_a_damaged_copy_in_the_cache_is_found_and_fetched_again(registry, client, image, events, tmp_path):
    pull(client, image, tmp_path)
    damaged = max((tmp_path / "cache" / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    damaged.write_bytes(flipped(damaged.read_bytes()))
    result = pull(client, image, tmp_path)
    check_archive(result.path)
    assert result.fetched == len(LAYER)
    assert any("damaged" in event.text for event in events if isinstance(event, Warned))
    assert pull(client, image, tmp_path).fetched == 0


def test_garbled_records_of_the_cache_cost_a_request_and_no_more(registry, client, image, tmp_path):
    pull(client, image, tmp_path)
    for record in (tmp_path / "cache" / "refs").iterdir():
        record.write_bytes(b"\x00garbage")
    (tmp_path / "cache" / "index.json").write_bytes(b"{")
    assert pull(client, image, tmp_path).fetched == 0


def test_a_cache_of_a_file_in_a_folders_place_is_told(registry, image, tmp_path):
    (tmp_path / "cache").write_bytes(b"")
    with Client(Settings(cache_dir=tmp_path / "cache", environment={})) as client, pytest.raises(DgetError) as caught:
        pull(client, image, tmp_path)
    assert caught.value.code == "storage"
    assert "--no-cache" in (caught.value.hint or "")
