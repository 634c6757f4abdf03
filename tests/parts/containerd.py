"""containerd in a folder of its own, and its client `ctr`."""

import contextlib
import json
from pathlib import Path

from tests.parts.cri import image_id
from tests.parts.engines import Launcher, here, output_of
from tests.parts.process import Daemon, need
from tests.parts.unpacked import Found, by_ctr, runner

_CRI = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]


class _Lost(AssertionError):
    """A container that had ended before it was started."""


class Containerd:
    """Runs from construction until `stop`. kubernetes: as on a node: with CRI, and in the namespace that it looks into."""

    def __init__(self, folder: Path, *, launcher: Launcher = here, kubernetes: bool = False) -> None:
        if launcher is here:
            need("containerd", "containerd")
            need("ctr", "containerd")
        folder.mkdir(parents=True, exist_ok=True)
        self._launcher = launcher
        self._socket = folder / "s"
        self._client = ["ctr", "--address", str(self._socket), *(("--namespace", "k8s.io") if kubernetes else ())]
        config = folder / "config.toml"
        config.write_text("version = 2\n" if kubernetes else f"version = 2\ndisabled_plugins = {json.dumps(_CRI)}\n")
        self._daemon = Daemon(
            launcher(
                [
                    *("containerd", "--config", config, "--root", folder / "root", "--state", folder / "state"),
                    *("--address", self._socket),
                ]
            ),
            folder / "log",
            self._is_ready,
        )

    def stop(self) -> None:
        self._daemon.stop()

    def load(self, archive: Path, *options: str) -> str:
        """By `ctr images import`; unpacked for containers by the plain `native` snapshotter."""
        return self._ctr("images", "import", "--snapshotter", "native", *options, str(archive))

    def pull(self, image: str, hosts: Path) -> None:
        """hosts: a `certs.d` folder."""
        self._ctr("images", "pull", "--hosts-dir", str(hosts), "--snapshotter", "native", image)

    @property
    def load_command(self) -> list[str]:
        """Loads what its standard input gives."""
        return self._launcher([*self._client, "images", "import", "--snapshotter", "native", "-"])

    def images(self) -> set[str]:
        return set(self._ctr("images", "ls", "-q").split())

    def digest(self, image: str) -> str:
        """What the name stands for."""
        (line,) = [line for line in self._ctr("images", "ls", f"name=={image}").splitlines() if line.startswith(image)]
        return next(word for word in line.split() if word.startswith("sha256:"))

    def check(self) -> str:
        """Which images are complete and unpacked."""
        return self._ctr("images", "check", "--snapshotter", "native")

    def remove(self, image: str) -> None:
        self._ctr("images", "rm", "--sync", image)

    def clear(self) -> None:
        """Removes all images."""
        for image in self.images():
            self.remove(image)

    def run(self, image: str) -> str:
        """What a container of it prints."""
        return self._run("--rm", "--snapshotter", "native", "--null-io=false", image, "test")

    def _run(self, *words: str) -> str:
        # On a busy machine runc 1.1 loses a container that ends at once, or containerd what it printed: nothing is wrong
        # with the image, and a second one tells.
        with contextlib.suppress(_Lost):
            if printed := self._ran(*words):
                return printed
        return self._ran(*words)

    def _ran(self, *words: str) -> str:
        try:
            return self._ctr("run", *words).strip()
        except AssertionError as error:
            if "cannot start a container that has stopped" in str(error):
                raise _Lost(str(error)) from error
            raise

    def save(self, image: str, archive: Path) -> None:
        self._ctr("images", "export", str(archive), image)

    def unpacked(self, archive: Path) -> Found:
        """What it really has of an archive that it was given; it has none of it afterwards."""
        mount = self._socket.with_name("mount")
        return by_ctr(runner(self._launcher, *self._client), archive, mount)

    def image_of_a_pod(self, image: str) -> str | None:
        """The ID of what a pod that names it so runs; None where it would have to be pulled."""
        return image_id(self._socket, image)

    def _ctr(self, *words: str) -> str:
        return output_of(self._launcher([*self._client, *words]))

    def _is_ready(self) -> bool:
        try:
            self._ctr("version")
        except AssertionError:
            return False
        return True
