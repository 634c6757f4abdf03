"""One look-up over all that was configured."""

from pathlib import Path

import pytest

from dget.config.mirrors import HostFiles, KnownHosts, NamedMirrors
from dget.errors import UsageError
from dget.flow import Event, Noted, silent
from dget.model import Reference


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def known(home: Path, *words: str, **more) -> KnownHosts:
    """What a person with that home has, and nothing of the system's."""
    environment = {
        "HOME": str(home),
        "DGET_DOCKER_DAEMON_JSON": str(home / "daemon.json"),
        "DGET_CONTAINERD_CERTS_D": str(home / "certs.d"),
        "CONTAINERS_REGISTRIES_CONF": str(home / "registries.conf"),
    }
    return KnownHosts.read([NamedMirrors.of_words(words)], HostFiles.of(environment), **more)


def urls(hosts: KnownHosts, image: str) -> list[str]:
    return [host.url for host in hosts.hosts(Reference.parse(image), silent)]


def test_without_configuration_there_is_the_registry_alone(home):
    assert urls(known(home), "alpine") == ["https://registry-1.docker.io/v2"]
    assert urls(known(home), "quay.io/a/b") == ["https://quay.io/v2"]


def everything(home: Path) -> KnownHosts:
    write(home / "daemon.json", '{"registry-mirrors": ["https://docker.example", "https://word.example"]}')
    write(home / "certs.d" / "docker.io" / "hosts.toml", '[host."https://containerd.example"]')
    write(
        home / "registries.conf",
        '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "containers.example"',
    )
    return known(home, "https://word.example")


def test_all_ways_in_are_joined_each_address_once_and_the_registry_last(home):
    assert urls(everything(home), "alpine") == [
        "https://word.example/v2",
        "https://docker.example/v2",
        "https://containerd.example/v2",
        "https://containers.example/v2",
        "https://registry-1.docker.io/v2",
    ]


def test_it_is_told_which_configuration_named_each_host(home):
    events: list[Event] = []
    everything(home).hosts(Reference.parse("alpine"), events.append)
    told = [event.text for event in events if isinstance(event, Noted)]
    sources = ["--mirror", "daemon.json", "docker.io/hosts.toml", "registries.conf", "hosts.toml"]
    assert [source in text for source, text in zip(sources, told, strict=True)] == [True] * 5


def test_the_origin_is_where_other_configuration_moved_it(home):
    write(home / "registries.conf", '[[registry]]\nprefix = "quay.io"\nlocation = "m.example/q"')
    (host,) = known(home).hosts(Reference.parse("quay.io/a/b"), silent)
    assert (host.url, host.repository, host.origin) == ("https://m.example/v2", "q/a/b", True)
    write(home / "certs.d" / "quay.io" / "hosts.toml", 'server = "https://n.example"')
    assert urls(known(home), "quay.io/a/b") == ["https://n.example/v2"]


def test_a_mirror_that_is_the_registry_itself_counts_once_as_that(home):
    (host,) = known(home, "quay.io=https://quay.io").hosts(Reference.parse("quay.io/a/b"), silent)
    assert host.origin


@pytest.mark.parametrize(
    ("image", "more", "plain", "verify"),
    [
        ("r.example/a", {}, False, True),
        ("localhost:5000/a", {}, True, True),
        ("127.0.0.1:5000/a", {}, True, True),
        ("r.example/a", {"insecure": True}, True, False),
        ("r.example/a", {"plain": frozenset({"r.example"})}, True, True),
        ("r.example:5000/a", {"plain": frozenset({"r.example"})}, False, True),
        ("10.0.0.1:5000/a", {}, True, False),
    ],
)
def test_plain_http_is_for_loopback_and_for_what_was_named(home, image, more, plain, verify):
    write(home / "daemon.json", '{"insecure-registries": ["10.0.0.0/8"]}')
    (host,) = known(home, **more).hosts(Reference.parse(image), silent)
    assert (host.plain_http, host.tls.verify) == (plain, verify)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("fedora", "registry.example/fedora"),
        ("fedora:40", "registry.example/fedora:40"),
        ("fedora@sha256:ab", "registry.example/fedora@sha256:ab"),
        ("fedora:40@sha256:ab", "registry.example/fedora:40@sha256:ab"),
        ("r.example:5000/fedora", "r.example:5000/fedora"),
        ("docker.io/fedora", "docker.io/fedora"),
        ("other", "other"),
    ],
)
def test_a_short_name_is_expanded_whatever_follows_it(home, text, full):
    write(home / "registries.conf", '[aliases]\nfedora = "registry.example/fedora"')
    assert known(home).expanded(text, silent) == full


def test_an_empty_variable_means_that_nothing_is_read():
    names = ("DGET_DOCKER_DAEMON_JSON", "DGET_CONTAINERD_CERTS_D", "CONTAINERS_REGISTRIES_CONF")
    assert HostFiles.of(dict.fromkeys(names, "")) == HostFiles()


def test_the_usual_places_are_the_persons_before_the_systems(home, tmp_path):
    system = tmp_path / "etc"
    for place in ("containerd/certs.d/_default/hosts.toml", "docker/daemon.json", "containers/registries.conf"):
        write(system / place, "")
    files = HostFiles.of({"HOME": str(home)}, system)
    assert files.containerd == (home / ".config" / "containerd" / "certs.d", system / "containerd" / "certs.d")
    assert files.docker[0] == home / ".config" / "docker" / "daemon.json"
    assert files.docker[-1] == system / "docker" / "daemon.json"
    assert files.registries.files == (system / "containers" / "registries.conf",)
    write(home / ".config" / "containers" / "registries.conf", "")
    own = HostFiles.of({"HOME": str(home)}, system).registries
    assert own.files == (home / ".config" / "containers" / "registries.conf",)
    assert own.folders == (home / ".config" / "containers" / "registries.conf.d",)


def test_a_garbled_file_is_a_usage_error(home):
    write(home / "certs.d" / "quay.io" / "hosts.toml", "[host")
    hosts = known(home)
    assert urls(hosts, "alpine")
    with pytest.raises(UsageError, match=r"hosts\.toml, line 1"):
        urls(hosts, "quay.io/a/b")
