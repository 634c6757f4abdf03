"""Real registries and engines, and dget as a person runs it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.parts.containerd import Containerd
from tests.parts.distribution import Distribution
from tests.parts.dockerd import Dockerd
from tests.parts.images import DOCKER, OCI, Image, busybox_image, busybox_index, stand_ins
from tests.parts.podman import Podman
from tests.parts.skopeo import Skopeo

Dget: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

_TIMEOUT = 120
# What would lead dget, or what it starts, away from this machine or into the person's own files.
_KEPT_FROM_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if missing := stand_ins():
        what = f"apt gave no busybox for {', '.join(missing)}; the sample image's program stands in"
        terminalreporter.write_line(what, yellow=True)


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """A new person's: an empty home, no proxies."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in _KEPT_FROM_ENVIRONMENT if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "NO_PROXY": "*"}


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """The folder in which dget runs."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def dget(environment, workplace) -> Dget:
    """Runs the command line in the workplace; status, standard output and standard error are what a person sees."""

    def run(*words: str | Path, **more) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dget", *map(str, words)]
        return subprocess.run(
            command,
            cwd=workplace,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            **more,
        )

    return run


@pytest.fixture(scope="session")
def busybox_kinds() -> dict[str, Image]:
    """busybox, as every kind of image that builders push."""
    return {
        "docker-list": busybox_index(DOCKER),
        "oci-index": busybox_index(OCI),
        "docker-single": busybox_image(DOCKER, "amd64"),
        "oci-single": busybox_image(OCI, "amd64"),
        "sharing": busybox_image(OCI, "amd64", "two"),
    }


@pytest.fixture(scope="session")
def filled_registry(tmp_path_factory, busybox_kinds) -> Iterator[Distribution]:
    with Distribution(tmp_path_factory.mktemp("registry")) as registry:
        for repository, image in busybox_kinds.items():
            registry.push(repository, "1", image)
        yield registry


@pytest.fixture
def registry(filled_registry: Distribution) -> Distribution:
    """distribution with busybox in it; nothing was asked of it yet."""
    filled_registry.forget()
    return filled_registry


@pytest.fixture(scope="session")
def docker(tmp_path_factory) -> Iterator[Dockerd]:
    daemon = Dockerd(tmp_path_factory.mktemp("docker"))
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    # podman takes no run root of more than 50 characters.
    with tempfile.TemporaryDirectory(prefix="dget-") as folder:
        yield Podman(Path(folder))


@pytest.fixture(scope="session")
def containerd(tmp_path_factory) -> Iterator[Containerd]:
    daemon = Containerd(tmp_path_factory.mktemp("containerd"))
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def skopeo() -> Skopeo:
    return Skopeo()
