"""What the administrator alone may read is nothing to an ordinary user: engines make such folders."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dget.config.credentials.containers_auth import ContainersAuth, auth_paths
from dget.config.mirrors.host_files import HostFiles
from dget.config.mirrors.lookup import KnownHosts
from dget.flow import silent
from dget.model import Reference
from tests.parts.as_nobody import as_nobody

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the places are Linux's")
PLACES = ("etc/docker/daemon.json", "etc/containers/registries.conf", "etc/containerd/certs.d/docker.io/hosts.toml")


@pytest.fixture
def machine() -> Iterator[Path]:
    """With files that would be errors if they were read. pytest's own folders may be closed as a whole."""
    folder = Path(tempfile.mkdtemp(prefix="dget-test-"))
    folder.chmod(0o755)
    for place in PLACES:
        (folder / place).parent.mkdir(parents=True)
        (folder / place).write_text("{nonsense")
    (folder / "run" / "containers").mkdir(parents=True)
    yield folder
    for closed in (*(folder / "etc").iterdir(), folder / "run" / "containers"):
        closed.chmod(0o755)
    shutil.rmtree(folder)


def look(machine: Path) -> None:
    hosts = KnownHosts.read([], HostFiles.of({}, machine / "etc")).hosts(Reference.parse("alpine"), silent)
    assert [host.url for host in hosts] == ["https://registry-1.docker.io/v2"]
    assert auth_paths({}, machine / "run") == []
    assert ContainersAuth({}).find("docker.io", "library/alpine") is None


def as_an_ordinary_user(do) -> None:
    if os.geteuid():
        do()
    else:
        as_nobody(do, Path(os.devnull))


@pytest.mark.parametrize("closes", [lambda place: place.parent, lambda place: place], ids=["folder", "file"])
def test_it_is_passed_over(machine, closes):
    for place in ("etc/docker/daemon.json", "etc/containers/registries.conf", "etc/containerd/certs.d"):
        closes(machine / place).chmod(0)
    (machine / "run" / "containers").chmod(0)
    as_an_ordinary_user(lambda: look(machine))
