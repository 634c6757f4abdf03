"""How fast, by how many steps, and how much memory."""

import subprocess
import sys
import time

import pytest

from dget import Client, Settings
from dget.flow import Cancel
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


def test_a_cold_pull_takes_five_sequential_steps(registry, cdn, tmp_path):
    """Index, manifest, link, blob: four, and a fifth for a token where one is wanted."""
    registry.index("app", "1", amd64=[noise(8, 2_000_000)])
    steps = Steps()
    registry.fault = lambda request, given: steps.taken(
        request, with_status(given, 307, ("Location", cdn.server.url + request.url)) if is_blob(request) else given
    )
    cdn.content = registry.content
    cdn.fault = steps.taken
    # Another request, of TLS to a port that speaks plain HTTP, is not one of a registry on the network.
    with Client(Settings(cache=False, environment={})) as client:
        client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar")
    assert steps.sequential == 4


class Steps:
    """How many requests had to wait for each other. Each takes a moment, so that what runs side by side is seen so."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []

    def taken(self, request, given):
        begun = time.monotonic()
        time.sleep(0.3)
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
with Client(Settings(cache=False, environment={})) as client:
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
