"""Manifests are asked for as seldom as can be, and a quota that is used up is told, or waited for."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from dget import Client, Settings
from dget.api import QuotaReport
from dget.cli import render
from dget.cli.display import Display
from dget.errors import RateLimited
from dget.flow import Paused
from dget.protocol import retry, waiting
from dget.protocol.http import Headers
from dget.serve import Answer
from tests.component.conftest import noise, with_status

HEADERS = ("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "7;w=21600")


def counted(registry) -> list[str]:
    """What a registry with a quota counts since the last call: manifests asked for by GET."""
    paths = [path.rpartition("/")[2] for method, path, _ in registry.asked if method == "GET" and "/manifests/" in path]
    registry.asked.clear()
    return paths


def with_fields(given: Answer, *fields: tuple[str, str]) -> Answer:
    return Answer(status=given.status, headers=Headers.of([*given.headers, *fields]), body=given.body)


def test_an_index_and_its_manifest_are_asked_for_once_and_never_again(registry, client, tmp_path):
    root = registry.index("bb", "1", amd64=[noise(1, 100)], arm64=[noise(2, 100)])
    client.plan(registry.name("bb:1"), platform="amd64")
    asked = counted(registry)
    assert asked[0] == "1"
    assert len(asked) == 2
    client.pull(registry.name("bb:1"), platform="amd64", output=tmp_path / "a.tar")
    client.inspect(registry.name("bb:1"), platform="amd64")
    assert counted(registry) == []
    client.plan(registry.name(f"bb@{root}"), platform="amd64")
    assert counted(registry) == []
    client.plan(registry.name("bb:1"), platform="arm64")
    assert len(counted(registry)) == 1


def test_another_tag_of_an_image_that_is_here_is_not_counted(registry, client):
    registry.image("bb", "1.2", noise(1, 100))
    registry.image("bb", "1", noise(1, 100))
    first = client.plan(registry.name("bb:1.2"), platform="amd64")
    assert counted(registry) == ["1.2"]
    second = client.plan(registry.name("bb:1"), platform="amd64")
    assert counted(registry) == []
    assert first.digest == second.digest


def test_a_tag_that_has_moved_is_counted_once(registry, client):
    registry.image("bb", "1", noise(1, 100))
    client.plan(registry.name("bb:1"), platform="amd64")
    moved = registry.image("bb", "1", noise(2, 100))
    counted(registry)
    assert client.plan(registry.name("bb:1"), platform="amd64").digest == str(moved)
    assert counted(registry) == ["1"]


def test_an_image_of_a_repository_that_was_never_pulled_costs_no_step_more(registry, client):
    registry.image("bb", "1", noise(1, 100))
    registry.image("cc", "1", noise(2, 100))
    client.plan(registry.name("bb:1"), platform="amd64")
    registry.asked.clear()
    client.plan(registry.name("cc:1"), platform="amd64")
    assert "HEAD" not in [method for method, _, _ in registry.asked]


def test_the_cache_does_not_vouch_for_another_repository(registry, client):
    digest = registry.image("bb", "1", noise(1, 100))
    registry.image("cc", "1", noise(1, 100))
    client.plan(registry.name("bb:1"), platform="amd64")
    counted(registry)
    client.plan(registry.name(f"cc@{digest}"), platform="amd64")
    assert counted(registry) == [str(digest)]


def test_a_quota_that_runs_low_is_in_the_summary(registry, client, tmp_path):
    registry.image("bb", "1", noise(1, 100))
    registry.fault = lambda request, given: with_fields(given, *HEADERS)
    low = client.pull(registry.name("bb:1"), platform="amd64", output=tmp_path / "x.tar")
    assert "7 of 100 pulls left in 6 h" in render.summary(low)
    registry.fault = lambda request, given: with_fields(given, HEADERS[0], ("ratelimit-remaining", "11;w=21600"))
    plenty = client.pull(registry.name("bb:1"), platform="amd64", output=tmp_path / "x.tar")
    assert plenty.quota is not None
    assert "pulls left" not in render.summary(plenty)


@pytest.mark.parametrize("target", ["bb:1", ""])
def test_what_is_left_is_told_and_not_counted(registry, client, target):
    registry.image("bb", "1", noise(1, 100))
    registry.fault = lambda request, given: with_fields(given, *HEADERS)
    report = client.quota(registry.name(target).rstrip("/"))
    assert counted(registry) == []
    assert report.host == registry.server.address
    assert render.text(report).decode() == f"{report.host}: 7 of 100 pulls left in 6 h\n"
    assert json.loads(render.json_text([report], single=True))["quota"]["remaining"] == 7


def test_without_a_word_it_is_the_registry_of_images_without_a_host(registry, tmp_path):
    settings = Settings(registry=f"http://{registry.server.address}", cache_dir=tmp_path, environment={})
    with Client(settings) as client:
        assert client.quota().host == registry.server.address
        assert client.doctor().exit_status == 0


def test_a_registry_that_tells_none_is_said_to_tell_none(registry, client):
    report = client.quota(registry.server.address)
    assert report == QuotaReport(host=registry.server.address, image=None, quota=None)
    assert f"{report.host} tells no quota" in render.text(report).decode()


def refused(registry, times: int, *fields: tuple[str, str]) -> None:
    """The registry allows nothing for so many requests of manifests."""
    left = [times]

    def fault(request, given):
        if "/manifests/" not in request.url or not left[0]:
            return given
        left[0] -= 1
        return with_status(given, 429, *fields)

    registry.fault = fault


def test_without_wait_the_person_is_told_when_to_come_back(registry, client):
    registry.image("bb", "1", noise(1, 100))
    refused(registry, 1, ("Retry-After", "3600"))
    with pytest.raises(RateLimited) as caught:
        client.plan(registry.name("bb:1"), platform="amd64")
    assert caught.value.exit_status == 7
    assert "(in 1 h 0 min)" in str(caught.value.hint)
    assert "--wait" in str(caught.value.hint)
    assert len(counted(registry)) == 1


def test_a_registry_that_does_not_say_when_still_tells_its_quota(registry, client):
    registry.image("bb", "1", noise(1, 100))
    refused(registry, 100, *HEADERS)
    with pytest.raises(RateLimited) as caught:
        client.plan(registry.name("bb:1"), platform="amd64")
    assert "100 pulls in 6 h" in str(caught.value.hint)


@pytest.fixture
def hasty(monkeypatch):
    """What counts as a long wait is a short one here."""
    monkeypatch.setattr(retry, "_SERVER_WAIT_MAX", 0.5)
    monkeypatch.setattr(waiting, "_PAUSE_MIN", 0.0)


def test_with_wait_the_pull_waits_and_goes_on(registry, tmp_path, events, hasty):
    registry.image("bb", "1", noise(1, 100))
    refused(registry, 2, ("Retry-After", "1"))
    begun = time.monotonic()
    with Client(Settings(cache_dir=tmp_path / "cache", wait=True, environment={}), observer=events.append) as client:
        client.pull(registry.name("bb:1"), platform="amd64", output=tmp_path / "x.tar")
    assert time.monotonic() - begun >= 2
    assert [event.seconds for event in events if isinstance(event, Paused)] == [1, 1]
    assert (tmp_path / "x.tar").exists()


def test_a_registry_that_does_not_say_when_is_not_waited_for(registry, tmp_path):
    registry.image("bb", "1", noise(1, 100))
    refused(registry, 100)
    with (
        Client(Settings(cache_dir=tmp_path / "cache", wait=True, environment={})) as client,
        pytest.raises(RateLimited),
    ):
        client.plan(registry.name("bb:1"), platform="amd64")


def test_ctrl_c_ends_a_wait_at_once(registry, tmp_path):
    registry.image("bb", "1", noise(1, 100))
    refused(registry, 1, ("Retry-After", "3600"))
    environment = {**os.environ, "DGET_CACHE_DIR": str(tmp_path / "cache"), "DGET_CONFIG": os.devnull, "NO_PROXY": "*"}
    command = [sys.executable, "-m", "dget", "--wait", registry.name("bb:1")]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "going on at" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=30)[1]
    assert time.monotonic() - begun < 2
    assert process.returncode == 130, said
    assert "in 1 h 0 min" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("live", [True, False])
def test_the_wait_is_seen_and_leaves_no_trace_of_a_countdown(live):
    class Stream(io.StringIO):
        seen = threading.Event()

        def write(self, text: str) -> int:
            if "left" in text:
                self.seen.set()
            return super().write(text)

    stream = Stream()
    display = Display(stream, quiet=False, debug=False, live=live)
    display.observe(Paused(text="no more; going on at 14:05 (in 1 h 5 min)", seconds=3900))
    assert stream.seen.wait(5)
    display.end()
    text = stream.getvalue()
    assert text.startswith("no more; going on at 14:05")
    assert "waiting: 1 h 4 min left" in text or "waiting: 1 h 5 min left" in text
    assert text.endswith("\r\x1b[K" if live else "left\n")
