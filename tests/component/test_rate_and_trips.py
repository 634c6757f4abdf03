"""How fast, by how many steps, and how much memory."""

import io
import json
import subprocess
import sys
import threading
import time

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.errors import NoSuchPlatform, NotFound
from dget.flow import Cancel
from dget.model import Digest
from dget.model.media_type import OCI_INDEX
from dget.protocol.http import Headers, Request
from dget.serve import Answer
from dget.store import Store
from tests.component.conftest import Registry, is_blob, noise, with_status


def test_a_rate_is_kept_over_the_whole_pull(registry, tmp_path):
    registry.image("app", "1", noise(8, 3_000_000), noise(9, 3_000_000))
    with Client(Settings(cache=False, limit_rate=2e6, environment={})) as client:
        result = client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar")
    assert result.fetched / result.seconds == pytest.approx(2e6, rel=0.05)


@pytest.fixture
def cdn():
    second = Registry()
    with second.server:
        yield second


@pytest.fixture
def link(registry, cdn):
    """Makes the registry lead to the other server for blobs."""

    def lead(request, given):
        cdn.content = registry.content
        return with_status(given, 307, ("Location", cdn.server.url + request.url)) if is_blob(request) else given

    return lead


@pytest.mark.parametrize(
    ("kind", "blobs", "cache", "by"),
    [
        ("index", "signed", True, "tag"),
        ("single", "signed", False, "digest"),
        ("single", "signed", True, "tag"),
        ("index", "direct", False, "digest"),
        ("single", "direct", True, "tag"),
    ],
)
def test_a_cold_pull_takes_six_sequential_steps(registry, cdn, link, settings, tmp_path, kind, blobs, cache, by):
    """401, token, index, manifest, link, blob; a single manifest's config is read beside the link."""
    layer = noise(8, 18_000_000)
    digest = registry.index("app", "1", amd64=[layer]) if kind == "index" else registry.image("app", "1", layer)
    steps = Steps()
    registry.fault = lambda request, given: steps.taken(
        request, guarded(registry, request, link(request, given) if blobs == "signed" else given)
    )
    cdn.fault = steps.taken
    # Another request, of TLS to a port that speaks plain HTTP, is not one of a registry on the network.
    with Client(replace(settings, cache=cache)) as client:
        name = registry.name("app:1") if by == "tag" else registry.name(f"app@{digest}")
        client.pull(name, platform="amd64", output=tmp_path / "x.tar")
    assert steps.sequential <= 6
    if blobs == "signed":
        # A link is found once, however many parts a blob is fetched in.
        assert len(registry.blobs_asked()) == len(set(registry.blobs_asked()))


def test_where_the_realm_is_known_it_takes_five(registry, cdn, link, settings, tmp_path):
    registry.image("app", "1", noise(8, 100))
    registry.image("next", "1", noise(9, 9_000_000))
    registry.fault = lambda request, given: guarded(registry, request, link(request, given))
    with Client(replace(settings, cache=False)) as client:
        client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar")
        steps = Steps()
        registry.fault = lambda request, given: steps.taken(request, guarded(registry, request, link(request, given)))
        cdn.fault = steps.taken
        client.pull(registry.name("next:1"), platform="amd64", output=tmp_path / "y.tar")
    assert steps.sequential <= 5


def test_a_plan_asks_for_no_layer(registry, link, client):
    config = config_of(registry, registry.image("app", "1", noise(8, 100)))
    registry.fault = link
    client.plan(registry.name("app:1"), platform="amd64")
    assert registry.blobs_asked() == [config]


def test_a_wrong_platform_costs_no_layers_body(registry, cdn, link, client, tmp_path):
    """Where one is was found out beside the config, and that is all."""
    config = config_of(registry, registry.image("app", "1", noise(8, 100)))
    registry.fault = link
    with pytest.raises(NoSuchPlatform):
        client.pull(registry.name("app:1"), platform="arm64", output=tmp_path / "x.tar")
    assert cdn.blobs_asked() == [config]


def test_the_manifests_of_all_platforms_wanted_are_fetched_side_by_side(registry, settings, tmp_path):
    """The index, all manifests, all blobs."""
    registry.index("app", "1", amd64=[noise(8, 100)], arm64=[noise(9, 100)], riscv64=[noise(10, 100)])
    steps = Steps()
    registry.fault = steps.taken
    with Client(replace(settings, cache=False)) as client:
        client.pull(registry.name("app:1"), platform="all", format="oci-archive", output=tmp_path / "x.tar")
    assert steps.sequential == 3


@pytest.mark.parametrize("kind", ["index", "single"])
def test_where_one_connection_is_allowed_nothing_is_asked_side_by_side(registry, cdn, link, settings, tmp_path, kind):
    if kind == "index":
        registry.index("app", "1", amd64=[noise(8, 100)], arm64=[noise(9, 100)])
    else:
        registry.image("app", "1", noise(8, 100))
    steps = Steps()
    registry.fault = lambda request, given: steps.taken(request, link(request, given))
    cdn.fault = steps.taken
    with Client(replace(settings, connections=1)) as client:
        client.pull(registry.name("app:1"), platform="all", format="oci-archive", output=tmp_path / "x.tar")
    assert steps.sequential == len(registry.asked) + len(cdn.asked)


def test_platforms_that_an_index_does_not_tell_are_read_side_by_side(registry, settings, tmp_path):
    """The index, all manifests, all configs, the layers."""
    registry.index("app", "1", amd64=[noise(8, 100)], arm64=[noise(9, 100)], riscv64=[noise(10, 100)])
    leave_out_platforms(registry)
    steps = Steps()
    registry.fault = steps.taken
    with Client(settings) as client:
        client.pull(registry.name("app:1"), platform="all", format="oci-archive", output=tmp_path / "x.tar")
    assert steps.sequential == 4


@pytest.mark.parametrize("cache", ["cache", "read-only cache", "no cache"])
@pytest.mark.parametrize("kind", ["single", "index"])
@pytest.mark.parametrize(
    ("output", "form", "compress"),
    [
        ("x.tar", "oci-archive", None),
        ("x.tar.gz", "oci-archive", None),
        ("x.tar.zst", "oci-archive", None),
        ("x", "oci-dir", None),
        ("-", "oci-archive", None),
        ("", "docker-archive", "none"),
        ("", "docker-archive", "gzip"),
        ("", "docker-legacy", None),
    ],
)
def test_a_config_that_told_a_platform_is_not_asked_for_again(
    registry, settings, tmp_path, monkeypatch, kind, output, form, compress, cache
):
    """It counts as fetched, which it was, or as being in the cache, which it is by then."""
    layers = [noise(8, 100_000), noise(9, 100_000)]
    if kind == "index":
        registry.index("app", "1", amd64=layers[:1], arm64=layers[1:])
        leave_out_platforms(registry)
    else:
        registry.image("app", "1", *layers)
    wish = {"platform": "all", "format": form, "compress": compress}
    if cache == "read-only cache":
        Store.open(settings.cache_dir)
        monkeypatch.setattr("dget.store.store._takes_files", lambda _: False)
    with Client(replace(settings, cache=cache != "no cache")) as client:
        name = registry.name("app:1")
        if output:
            done = [client.pull(name, output=io.BytesIO() if output == "-" else tmp_path / output, **wish)]
        else:
            done = [*client.pull_platforms(name, output=f"{tmp_path}/", **wish)]
        asked = registry.blobs_asked()
        configs = {plan.config.digest: plan.config.size for plan in client.plan_platforms(name, **wish)}
    assert len(asked) == len(set(asked)) == len(configs) + len(layers)
    layers_size, configs_size = sum(map(len, layers)), sum(configs.values())
    fetched, reused = sum(one.fetched for one in done), sum(one.reused for one in done)
    assert (fetched, reused) == ((layers_size, configs_size) if cache == "cache" else (layers_size + configs_size, 0))


@pytest.mark.parametrize("cache", [True, False])
def test_to_look_at_an_image_nothing_is_asked_for_twice(registry, settings, cache):
    registry.image("app", "1", noise(8, 1_000))
    with Client(replace(settings, cache=cache)) as client:
        details = client.inspect(registry.name("app:1"), platform="amd64")
    assert details.config is not None
    assert len(registry.blobs_asked()) == 1


def test_configs_that_do_not_fit_into_memory_are_asked_for_again(registry, settings, tmp_path, monkeypatch):
    registry.index("app", "1", amd64=[noise(8, 100)], arm64=[noise(9, 100)])
    leave_out_platforms(registry)
    with Client(replace(settings, cache=False)) as client:
        roomy = client.pull(registry.name("app:1"), platform="all", format="oci-archive", output=tmp_path / "x.tar")
        registry.asked.clear()
        monkeypatch.setattr("dget.engine.cached_image.DOCUMENT_MAX", 300)
        tight = client.pull(registry.name("app:1"), platform="all", format="oci-archive", output=tmp_path / "y.tar")
    assert len(registry.blobs_asked()) == len(set(registry.blobs_asked())) + 1
    assert tight.path.read_bytes() == roomy.path.read_bytes()


def leave_out_platforms(registry: Registry) -> None:
    """Makes the index tell no platforms, so that the configs of its builds do."""
    stored = registry.content.manifest("app", "1")
    assert stored is not None
    index = json.loads(stored.raw)
    index["manifests"] = [{**entry, "platform": None} for entry in index["manifests"][1:]]
    registry.content.add_manifest("app", json.dumps(index).encode(), OCI_INDEX, "1")


def guarded(registry: Registry, request: Request, given: Answer) -> Answer:
    """The answer to whoever has a token, or a token, or the way to one."""
    if request.url.startswith("/token"):
        body = b'{"token": "T"}'
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(body)))]), body=(body,))
    if request.headers.get("Authorization") == "Bearer T":
        return given
    realm = f'Bearer realm="{registry.server.url}/token",service="registry"'
    return with_status(given, 401, ("WWW-Authenticate", realm))


def config_of(registry: Registry, manifest: Digest) -> str:
    stored = registry.content.manifest("app", str(manifest))
    assert stored is not None
    found: str = json.loads(stored.raw)["config"]["digest"]
    return found


class Steps:
    """How many requests had to wait for each other. Each takes a moment, so that what runs side by side is seen so, also
    where a busy machine lets one of them begin later.
    """

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []

    def taken(self, request, given):
        begun = time.monotonic()
        time.sleep(0.4)
        self._spans.append((begun, time.monotonic()))
        return given

    @property
    def sequential(self) -> int:
        """The longest chain of requests of which each began after the one before it had ended."""
        chain, ended = 0, 0.0
        for begun, end in sorted(self._spans, key=lambda span: span[1]):
            if begun >= ended:
                chain, ended = chain + 1, end
        return chain


def test_threads_and_open_files_do_not_grow_from_pull_to_pull(registry, tmp_path):
    registry.image("app", "1", noise(8, 9_000_000))
    script = """
import os, sys, threading, time
from pathlib import Path
from dget import Client, Settings
counts = []
# As few as every pull has a use for: those that are kept open are the same ones then.
with Client(Settings(cache=False, connections=2, environment={})) as client:
    for place in range(12):
        client.pull(sys.argv[1], platform="amd64", output=Path(sys.argv[2]) / "x.tar")
        deadline = time.monotonic() + 10
        while threading.active_count() > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        counts.append((threading.active_count(), len(os.listdir("/proc/self/fd"))))
assert max(counts[6:]) <= max(counts[:6]), counts
"""
    done = subprocess.run(
        [sys.executable, "-c", script, registry.name("app:1"), tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_another_thread_may_cancel_before_the_pull_begins(registry, client, tmp_path):
    registry.image("app", "1", noise(8, 100))
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Exception, match="stopped"):
        client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar", cancel=cancel)
    assert registry.asked == []


def test_what_failed_ends_all_that_was_asked_beside_it(registry, settings, events, tmp_path):
    """One of two manifests is gone; the other one's server is busy, and it is not asked again."""
    registry.index("app", "1", amd64=[noise(8, 100)], arm64=[noise(9, 100)])
    asked = threading.Event()
    index = json.loads(registry.content.manifest("app", "1").raw)
    gone, busy = (entry["digest"] for entry in index["manifests"][1:])

    def fail(request, given):
        if gone in request.url:
            asked.wait(10)
            return with_status(given, 404)
        if busy in request.url:
            asked.set()
            return with_status(given, 503, ("Retry-After", "1"))
        return given

    registry.fault = fail
    before = set(threading.enumerate())
    with Client(settings, observer=events.append) as client, pytest.raises(NotFound):
        client.pull(registry.name("app:1"), platform="all", format="oci-archive", output=tmp_path / "x.tar")
    for thread in threading.enumerate():
        if thread not in before and thread.name == "dget-beside":
            thread.join(5)
    assert len([url for _, url, _ in registry.asked if busy in url]) == 1
