"""Mirrors as real engines are told of them: in dget's words, Docker's, containerd's and podman's files."""

import json
import random
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution, free_port
from tests.parts.images import OCI, Image, layer, single
from tests.parts.nginx import Nginx, server

MIB = 1 << 20
# An address that nobody answers at: Docker Hub as it looks from where it is blocked.
NO_HUB = ("--resolve", "registry-1.docker.io:443:127.255.0.1", "--resolve", "auth.docker.io:443:127.255.0.1")

# Tells dget of a mirror of a registry, and gives the words of the command line that belong to it.
WayIn: TypeAlias = Callable[[Path, str, str], list[str]]


@pytest.fixture(scope="module")
def image() -> Image:
    """One whose layer is long enough for several chunks."""
    return single(OCI, "linux/amd64", [layer({"noise": random.Random(3).randbytes(24 * MIB)})])


@pytest.fixture
def parts() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def origin(parts, tmp_path, image) -> Distribution:
    registry: Distribution = parts.enter_context(Distribution(tmp_path / "origin"))
    registry.push("app", "1", image)
    return registry


@pytest.fixture
def mirror(parts, tmp_path, origin) -> Distribution:
    """A pull-through mirror of the origin."""
    found: Distribution = parts.enter_context(Distribution(tmp_path / "mirror", mirrors=f"http://{origin.address}"))
    return found


def fill(mirror: Distribution, image: Image) -> None:
    """Waits until the mirror keeps all of the image: it does so behind the back of who asks."""
    for place in ("manifests/1", *(f"blobs/{digest}" for digest in image.blobs)):
        request = urllib.request.Request(f"http://{mirror.address}/v2/app/{place}", headers={"Accept": OCI.manifest})
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
    deadline = time.monotonic() + 30
    while not all(mirror.blob_path(digest).exists() for digest in (*image.blobs, image.root.digest)):
        assert time.monotonic() < deadline, "the mirror does not keep what it gave"
        time.sleep(0.05)


@pytest.fixture
def home(environment) -> Path:
    return Path(environment["HOME"])


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def by_option(home: Path, registry: str, mirror: str) -> list[str]:
    return ["--mirror", f"{registry}=http://{mirror}"]


def by_hosts_toml(home: Path, registry: str, mirror: str) -> list[str]:
    folder = registry.replace(":", "_") + "_"
    write(home / ".config/containerd/certs.d" / folder / "hosts.toml", f'[host."http://{mirror}"]\n')
    return []


def by_default_hosts_toml(home: Path, registry: str, mirror: str) -> list[str]:
    write(home / ".config/containerd/certs.d/_default/hosts.toml", f'[host."http://{mirror}"]\n')
    return []


def registries_conf(registry: str, mirror: str) -> str:
    return f'[[registry]]\nlocation = "{registry}"\n[[registry.mirror]]\nlocation = "{mirror}"\ninsecure = true\n'


def by_registries_conf(home: Path, registry: str, mirror: str) -> list[str]:
    write(home / ".config/containers/registries.conf", registries_conf(registry, mirror))
    return []


def by_drop_in(home: Path, registry: str, mirror: str) -> list[str]:
    write(home / ".config/containers/registries.conf.d/50-mirror.conf", registries_conf(registry, mirror))
    return []


def by_daemon_json(home: Path, registry: str, mirror: str) -> list[str]:
    write(home / ".config/docker/daemon.json", json.dumps({"registry-mirrors": [f"http://{mirror}"]}))
    return []


def by_docker_desktop(home: Path, registry: str, mirror: str) -> list[str]:
    write(home / ".docker/daemon.json", json.dumps({"registry-mirrors": [f"http://{mirror}/"]}))
    return []


ANY_REGISTRY = [by_option, by_hosts_toml, by_default_hosts_toml, by_registries_conf, by_drop_in]


@pytest.mark.parametrize("way_in", ANY_REGISTRY)
def test_a_pull_through_mirror_stands_in_for_a_registry_that_is_gone(
    dget, workplace, home, origin, mirror, image, way_in: WayIn
):
    fill(mirror, image)
    origin.stop()
    mirror.forget()
    words = way_in(home, origin.address, mirror.address)
    done = dget(origin.name("app:1"), "-arch", "amd64", "-o", "x.tar", *words)
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / "x.tar") == [origin.name("app:1")]
    assert f"{origin.address} does not answer: the tag is as the mirror {mirror.address} has it" in done.stderr
    assert mirror.blobs_asked


@pytest.mark.parametrize("way_in", [by_option, by_hosts_toml, by_registries_conf, by_daemon_json, by_docker_desktop])
def test_docker_hub_that_is_blocked_is_replaced_by_its_mirror(
    dget, workplace, home, parts, tmp_path, image, way_in: WayIn
):
    hub: Distribution = parts.enter_context(Distribution(tmp_path / "hub"))
    hub.push("library/app", "1", image)
    words = way_in(home, "docker.io", hub.address)
    # containerd's folder of a registry without a port has no underscores.
    marked = home / ".config/containerd/certs.d/docker.io_"
    if marked.exists():
        marked.rename(marked.with_name("docker.io"))
    done = dget("app:1", "-arch", "amd64", "-o", "x.tar", *NO_HUB, *words)
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / "x.tar") == ["docker.io/library/app:1"]
    assert f"the tag is as the mirror {hub.address} has it" in done.stderr


def test_debug_says_which_configuration_named_which_mirror(dget, home, origin, mirror):
    by_hosts_toml(home, origin.address, mirror.address)
    done = dget(origin.name("app:1"), "-arch", "amd64", "-debug", *by_option(home, origin.address, "127.0.0.1:1"))
    assert f"http://{mirror.address}/v2 is a mirror, from {home}/.config/containerd/certs.d/" in done.stderr
    assert "http://127.0.0.1:1/v2 is a mirror, from --mirror" in done.stderr


def test_containerd_goes_the_same_way_by_the_same_file(dget, home, origin, mirror, image, containerd):
    fill(mirror, image)
    mirror.forget()
    by_hosts_toml(home, origin.address, mirror.address)
    folder = home / ".config/containerd/certs.d"
    containerd.pull(origin.name("app:1"), folder)
    containerd.remove(origin.name("app:1"))
    theirs = {request.path for request in mirror.requests if "/manifests/" in request.path}
    assert theirs
    origin.stop()
    mirror.forget()
    assert dget(origin.name("app:1"), "-arch", "amd64").returncode == 0
    ours = {request.path for request in mirror.requests if "/manifests/" in request.path}
    # Also what it tells the mirror of the registry that it stands for.
    assert {path.partition("?")[2] for path in ours} == {path.partition("?")[2] for path in theirs}


def test_skopeo_goes_the_same_way_by_the_same_file(dget, tmp_path, origin, mirror, image, skopeo, environment):
    fill(mirror, image)
    path = write(tmp_path / "registries.conf", registries_conf(origin.address, mirror.address))
    origin.stop()
    skopeo.copy(f"docker://{origin.name('app:1')}", tmp_path / "theirs", registries=path)
    environment["CONTAINERS_REGISTRIES_CONF"] = str(path)
    mirror.forget()
    assert dget(origin.name("app:1"), "-arch", "amd64").returncode == 0
    assert mirror.requests


def test_a_location_is_where_the_image_lies_and_its_name_stays(dget, workplace, home, origin):
    conf = f'[[registry]]\nprefix = "quay.example/team"\nlocation = "{origin.address}"\n'
    write(home / ".config/containers/registries.conf", conf)
    done = dget("quay.example/team/app:1", "-arch", "amd64", "-o", "x.tar")
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / "x.tar") == ["quay.example/team/app:1"]


def test_a_blocked_registry_is_refused_and_the_file_named(dget, home, origin):
    path = write(
        home / ".config/containers/registries.conf", f'[[registry]]\nlocation = "{origin.address}"\nblocked = true\n'
    )
    origin.forget()
    done = dget(origin.name("app:1"), "-arch", "amd64")
    assert done.returncode == 2
    assert f"{path} blocks {origin.address}" in done.stderr
    assert origin.requests == []


def test_a_short_name_is_what_podman_takes_it_for(dget, workplace, home, origin):
    write(home / ".config/containers/registries.conf", f'[aliases]\nshort = "{origin.name("app")}"\n')
    done = dget("short:1", "-arch", "amd64", "-o", "x.tar")
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / "x.tar") == [origin.name("app:1")]


@pytest.mark.parametrize(
    ("place", "text", "line"),
    [
        (".config/docker/daemon.json", '{\n"registry-mirrors": [}', 2),
        (".config/containers/registries.conf", "[[registry]]\nlocation = 5\n", 2),
        (".config/containerd/certs.d/docker.io/hosts.toml", '\n[host."https://m.example"]\nca = 1', 3),
    ],
)
def test_a_garbled_file_is_named_with_its_line(dget, home, place, text, line):
    path = write(home / place, text)
    done = dget("app:1", *NO_HUB)
    assert done.returncode == 2
    assert f"{path}, line {line}: " in done.stderr


def test_a_file_that_may_not_be_read_is_named(home, origin, dget, environment):
    # A folder in the file's place cannot be read by root either.
    (home / ".config/docker/daemon.json").mkdir(parents=True)
    done = dget(origin.name("app:1"), "-arch", "amd64")
    assert done.returncode == 2
    assert f"cannot read {home}/.config/docker/daemon.json" in done.stderr
    environment["DGET_DOCKER_DAEMON_JSON"] = ""
    assert dget(origin.name("app:1"), "-arch", "amd64").returncode == 0


def limited(folder: Path, rate: str, registry: str) -> tuple[Nginx, str]:
    """A registry behind a server that gives so much a second to each connection, and its address."""
    address = f"127.0.0.1:{free_port()}"
    lines = (f"location / {{ proxy_set_header Host $http_host; proxy_pass http://{registry}; limit_rate {rate}; }}",)
    return Nginx(folder, server(address, *lines)), address


def test_of_three_mirrors_the_dead_and_the_wrong_one_are_named_and_the_slow_one_holds_nothing_up(
    dget, workplace, parts, tmp_path, origin, image, capsys
):
    wrong: Distribution = parts.enter_context(Distribution(tmp_path / "wrong"))
    wrong.push("app", "1", image)
    for digest, blob in image.blobs.items():
        if len(blob) > MIB:
            wrong.blob_path(digest).write_bytes(bytes(byte ^ 1 for byte in blob[:MIB]) + blob[MIB:])
    good, registry = limited(tmp_path / "good", "4m", origin.address)
    parts.callback(good.stop)
    slow, slow_at = limited(tmp_path / "slow", "50k", origin.address)
    parts.callback(slow.stop)
    dead = f"127.0.0.1:{free_port()}"

    def seconds(*words: str) -> tuple[float, str]:
        begun = time.monotonic()
        done = dget(f"{registry}/app:1", "-arch", "amd64", "-o", "x.tar", "--connections", "4", *words)
        assert done.returncode == 0, done.stderr
        assert check_archive(workplace / "x.tar") == [f"{registry}/app:1"]
        return time.monotonic() - begun, done.stderr

    alone, _ = seconds("--no-cache")
    mirrors = [f"{registry}=http://{at}" for at in (dead, wrong.address, slow_at)]
    together, told = seconds(*(word for mirror in mirrors for word in ("--mirror", mirror)))
    with capsys.disabled():
        print(f"\nthe good one alone {alone:.2f} s; with a dead, a wrong and a slow mirror {together:.2f} s")
    assert f"the mirror {dead} rests" in told
    assert f"the mirror {wrong.address} is left out" in told
    assert slow_at not in told
    # Whoever waits for the slow one's share of the bytes takes many times as long.
    assert together < 3 * alone
