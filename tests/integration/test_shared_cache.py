"""One cache and many processes: what they share, and what a person does with it. Kills and prunes beside them: `torture`."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution
from tests.parts.fault_proxy import NO_FAULT, Fault, FaultProxy
from tests.parts.images import OCI, Image, digest_of, layer, single

MB = 1_000_000
_WITHIN = 120.0
# Manifests and configs.
DOCUMENTS = 64_000

Running: TypeAlias = "subprocess.Popen[str]"
Start: TypeAlias = Callable[..., Running]


def noise(seed: int, size: int) -> bytes:
    return layer({"noise": random.Random(seed).randbytes(size)})


@pytest.fixture(scope="module")
def images() -> dict[str, Image]:
    """Of small layers, which one request brings, two shared by all; and one of a large layer."""
    base = [noise(1, 200_000), noise(2, 150_000)]
    small = {f"app{number}": single(OCI, "amd64", [*base, noise(10 + number, 100_000)]) for number in range(4)}
    return {**small, "large": single(OCI, "amd64", [noise(3, 24 * MB)])}


@pytest.fixture(scope="module")
def filled(tmp_path_factory, images) -> Iterator[Distribution]:
    with Distribution(tmp_path_factory.mktemp("registry")) as registry:
        for name, image in images.items():
            registry.push(name, "1", image)
        yield registry


@pytest.fixture
def registry(filled: Distribution) -> Distribution:
    filled.forget()
    return filled


@pytest.fixture
def proxy(registry) -> Iterator[FaultProxy]:
    with FaultProxy(registry.address) as proxy:
        yield proxy


@pytest.fixture
def start(environment, workplace) -> Iterator[Start]:
    """Starts Python on some words in the workplace; whatever still runs in the end is killed."""
    started: list[Running] = []

    def run(*words: str | Path) -> Running:
        process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=workplace,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def pull_words(image: str, output: str) -> list[str]:
    return ["-m", "dget", image, "-arch", "amd64", "-o", output, "--cache-dir", "cache"]


def ended_well(processes: Sequence[Running]) -> None:
    for process in processes:
        _, said = process.communicate(timeout=_WITHIN)
        assert process.returncode == 0, said


def until(happened: Callable[[], object], process: Running) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_sixteen_processes_fetch_a_large_blob_once_in_chunks(proxy, images, start, workplace):
    ended_well([start(*pull_words(proxy.name("large:1"), f"{number}.tar")) for number in range(16)])
    size = sum(map(len, images["large"].blobs.values()))
    assert proxy.passed <= 1.05 * size + 16 * DOCUMENTS
    assert len({digest_of((workplace / f"{number}.tar").read_bytes()) for number in range(16)}) == 1
    check_archive(workplace / "0.tar")


def test_when_the_one_that_fetches_is_stopped_another_goes_on_within_5_seconds(proxy, images, start, workplace):
    proxy.script = lambda _: Fault(rate=2 * MB)
    first = start(*pull_words(proxy.name("large:1"), "a.tar"), "--connections", "2")
    proxy.wait_until_passed(4 * MB)
    others = [start(*pull_words(proxy.name("large:1"), f"{name}.tar")) for name in "bcd"]
    until((workplace / "d.tar.part").exists, others[-1])
    proxy.wait_until_passed(12 * MB)
    assert all(process.poll() is None for process in others)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=_WITHIN)
    stopped = time.monotonic()
    proxy.script = lambda _: NO_FAULT
    ended_well(others)
    taken_over = next(asked.at for asked in proxy.blobs_asked if asked.at > stopped)
    assert taken_over - stopped < 5
    # What the stopped one had written down counts.
    assert proxy.passed <= 1.4 * sum(map(len, images["large"].blobs.values()))
    assert len({digest_of((workplace / f"{name}.tar").read_bytes()) for name in "bcd"}) == 1
    check_archive(workplace / "b.tar")
    assert not list((workplace / "cache" / "ingest").iterdir())


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_damage_is_found_by_a_verification_and_healed_by_the_next_pull(registry, images, dget, workplace):
    words = [registry.name("app1:1"), "-arch", "amd64", "--cache-dir", "cache"]
    assert dget(*words, "-o", "a.tar").returncode == 0
    assert dget("cache", "verify", "--cache-dir", "cache").returncode == 0
    largest = max(images["app1"].blobs, key=lambda digest: len(images["app1"].blobs[digest]))
    flip(workplace / "cache" / "blobs" / "sha256" / largest.removeprefix("sha256:"))
    found = dget("cache", "verify", "--cache-dir", "cache", "--json")
    assert found.returncode == 6
    (damaged,) = json.loads(found.stdout)["damaged"]
    assert damaged["digest"] == largest
    assert damaged["images"] == [registry.name("app1:1")]
    assert Path(workplace, damaged["aside"]).exists()
    registry.forget()
    assert dget(*words, "-o", "b.tar").returncode == 0
    assert registry.blobs_asked == [largest]
    assert (workplace / "a.tar").read_bytes() == (workplace / "b.tar").read_bytes()
    assert dget("cache", "verify", "--cache-dir", "cache").returncode == 0


def test_the_parts_of_the_verb_as_a_person_uses_them(registry, dget, workplace):
    cache = ["--cache-dir", "cache"]
    for name in ("app1", "app2"):
        assert dget(registry.name(f"{name}:1"), "-arch", "amd64", "-o", f"{name}.tar", *cache).returncode == 0
    overview = dget("cache", *cache)
    assert "images      2" in overview.stdout
    listed = dget("cache", "ls", *cache)
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == [
        registry.name("app1:1"),
        registry.name("app2:1"),
    ]
    shown = json.loads(dget("cache", "ls", "--json", *cache).stdout)
    assert shown["images"][0]["shared_with"] == [registry.name("app2:1")]
    assert dget("cache", "path", *cache).stdout == "cache\n"
    assert "would remove" in dget("cache", "rm", registry.name("app1:1"), "--dry-run", *cache).stdout
    removed = dget("cache", "rm", registry.name("app1:1"), *cache)
    assert f"removed {registry.name('app1:1')}" in removed.stdout
    assert dget("cache", "rm", registry.name("app1:1"), *cache).returncode == 3
    pruned = json.loads(dget("cache", "prune", "--max-size", "0", "--json", *cache).stdout)
    assert pruned["images"] == [registry.name("app2:1")]
    assert [path for path in (workplace / "cache" / "blobs").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "words",
    [
        ("cache", "list"),
        ("cache", "rm"),
        ("cache", "ls", "alpine"),
        ("cache", "ls", "--dry-run"),
        ("cache", "prune", "--older-than", "soon"),
        ("cache", "prune", "--max-size", "much"),
    ],
    ids=" ".join,
)
def test_a_word_that_makes_no_sense_is_a_usage_error(dget, words):
    ended = dget(*words)
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.startswith("error: ")


def test_offline_on_the_command_line(registry, dget, workplace):
    words = [registry.name("app3:1"), "-arch", "amd64", "--cache-dir", "cache"]
    missing = dget(*words, "--offline")
    assert missing.returncode == 3
    assert dget(*words, "-o", "a.tar").returncode == 0
    registry.forget()
    here = dget(*words, "-o", "b.tar", "--offline")
    assert here.returncode == 0, here.stderr
    assert "ago" in here.stderr
    assert registry.requests == []
    assert (workplace / "a.tar").read_bytes() == (workplace / "b.tar").read_bytes()


def test_several_folders_in_the_environment_are_parted_as_in_path(registry, dget, environment, workplace):
    words = [registry.name("app0:1"), "-arch", "amd64"]
    assert dget(*words, "--cache-dir", "b", "-o", "a.tar").returncode == 0
    environment["DGET_CACHE_DIR"] = f"a{os.pathsep}b"
    registry.forget()
    assert dget(*words, "-o", "b.tar").returncode == 0
    assert registry.blobs_asked == []
    assert dget("cache", "path").stdout == "a\nb\n"
    assert (workplace / "a" / "refs").exists()
