"""Newer engines, each in a root of its own, and images that dget has pulled for them."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.engines.archives import Pulled, architecture, greeting, pull
from tests.engines.inside import inside
from tests.engines.roots import SID, TRIXIE, CannotMakeRoot, Root, Suite, root_of
from tests.parts.containerd import Containerd
from tests.parts.distribution import Distribution
from tests.parts.dockerd import Dockerd
from tests.parts.engines import Launcher
from tests.parts.hub import Hub
from tests.parts.images import DOCKER, OCI, index, layer, single
from tests.parts.podman import Podman
from tests.parts.skopeo import Skopeo

EngineIn: TypeAlias = Callable[[Suite, str], Launcher]

# The first test that needs a root waits until it is made, from packages that a slow mirror may give.
_ENDS_WITHIN = 3600

_CLASSIC_STORE: Mapping[str, object] = {}
# The native snapshotter asks nothing of the file system below it.
_CONTAINERD_STORE: Mapping[str, object] = {
    "features": {"containerd-snapshotter": True},
    "storage-driver": "native",
}


class ContainerdInside(Containerd):
    """With containerd's own choice of snapshotter: the transfer service unpacks for no other."""

    def load(self, archive: Path, *options: str) -> str:
        return self._ctr("images", "import", *options, str(archive))

    def run(self, image: str) -> str:
        # The client sees the exchange folder that the daemon sees, but not its /run.
        shared = ("--fifo-dir", str(self._socket.with_name("fifo")))
        # No share of the processors is set: the machine may keep that controller to cgroups version 1.
        return self._run("--rm", *shared, "--cpu-shares", "0", image, "test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.engines)
            item.add_marker(pytest.mark.timeout(_ENDS_WITHIN))


@pytest.fixture(scope="session")
def trixie() -> Iterator[Root]:
    with _root_or_skip(TRIXIE) as root:
        yield root


@pytest.fixture(scope="session")
def sid() -> Iterator[Root]:
    with _root_or_skip(SID) as root:
        yield root


@pytest.fixture
def exchange() -> Iterator[Path]:
    """A folder that engines see too. Its path is short: that of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="dget-") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def engine_in(request, exchange) -> EngineIn:
    """The launcher of a suite's engine. Skips, in apt's words, where the suite does not give it."""

    def launcher(suite: Suite, engine: str) -> Launcher:
        root: Root = request.getfixturevalue(suite.name)
        if engine in root.missing:
            pytest.skip(root.missing[engine])
        return inside(root.path, exchange)

    return launcher


@pytest.fixture(
    params=[(suite, store) for suite in (TRIXIE, SID) for store in (_CLASSIC_STORE, _CONTAINERD_STORE)],
    ids=lambda one: f"{one[0].named('docker')}-{'containerd' if one[1] else 'classic'}-store",
)
def docker(request, exchange, engine_in) -> Iterator[Dockerd]:
    suite, store = request.param
    daemon = Dockerd(exchange / "docker", launcher=engine_in(suite, "docker"), config=store)
    yield daemon
    daemon.stop()


@pytest.fixture(params=[TRIXIE, SID], ids=lambda suite: suite.named("podman"))
def podman(request, exchange, engine_in) -> Podman:
    return Podman(exchange / "podman", launcher=engine_in(request.param, "podman"))


@pytest.fixture(params=[TRIXIE, SID], ids=lambda suite: suite.named("containerd"))
def containerd(request, exchange, engine_in) -> Iterator[Containerd]:
    daemon = ContainerdInside(exchange / "containerd", launcher=engine_in(request.param, "containerd"))
    yield daemon
    daemon.stop()


@pytest.fixture(params=[SID], ids=lambda suite: suite.named("containerd"))
def containerd_2(request, exchange, engine_in) -> Iterator[Containerd]:
    daemon = ContainerdInside(exchange / "containerd", launcher=engine_in(request.param, "containerd"))
    yield daemon
    daemon.stop()


@pytest.fixture(params=[TRIXIE, SID], ids=lambda suite: suite.named("skopeo"))
def skopeo(request, engine_in) -> Skopeo:
    return Skopeo(launcher=engine_in(request.param, "skopeo"))


@pytest.fixture(scope="session")
def from_docker_hub(tmp_path_factory) -> Pulled:
    """One platform of an OCI index, from a stand-in for Docker Hub."""
    folder = tmp_path_factory.mktemp("hub")
    image = greeting(OCI)
    foreign = single(OCI, "s390x", [layer({"etc/text": b"not for this machine"})])
    with Hub(folder / "parts") as hub:
        hub.push("library/greeting:1.0", index(OCI, {"s390x": foreign, architecture(): image}, attested=True))
        return pull(folder, "docker.io/library/greeting:1.0", "greeting:1.0", image, hub.options)


@pytest.fixture(scope="session")
def from_a_port(tmp_path_factory) -> Pulled:
    """An image in Docker's own format, of one platform, from a registry on a port."""
    folder = tmp_path_factory.mktemp("port")
    image = greeting(DOCKER)
    with Distribution(folder / "registry") as registry:
        registry.push("team/tools/greeting", "v2", image)
        name = registry.name("team/tools/greeting:v2")
        return pull(folder, name, name, image)


@pytest.fixture(params=["from_docker_hub", "from_a_port"])
def pulled(request, exchange) -> Pulled:
    """An image whose archives lie in the exchange folder."""
    found: Pulled = request.getfixturevalue(request.param)
    return found.copied_to(exchange)


@contextlib.contextmanager
def _root_or_skip(suite: Suite) -> Iterator[Root]:
    try:
        with root_of(suite) as root:
            yield root
    except CannotMakeRoot as lacking:
        pytest.skip(str(lacking))
