"""A real Docker daemon in a folder of its own, without privileges over the network."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from tests.parts.engines import Launcher, here, output_of
from tests.parts.process import Daemon, need
from tests.parts.unpacked import Found, by_docker_or_podman, runner


class Dockerd:
    """Runs from construction until `stop`. config: more of daemon.json."""

    def __init__(self, folder: Path, *, launcher: Launcher = here, config: Mapping[str, object] | None = None) -> None:
        if launcher is here:
            need("docker", "docker.io")
            need("dockerd", "docker.io")
        folder.mkdir(parents=True, exist_ok=True)
        self._launcher = launcher
        # The address of a socket has 107 bytes at most, and a test's folder is long.
        self._socket = f"unix://{folder}/s"
        settings = folder / "daemon.json"
        settings.write_text(json.dumps(config or {}))
        command: list[str | Path] = [
            *("dockerd", "--config-file", settings, "--data-root", folder / "data", "--exec-root", folder / "exec"),
            *("-H", self._socket, "--iptables=false", "--bridge=none", "-p", folder / "pid"),
        ]
        if not config:
            command.append("--storage-driver=vfs")
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "DOCKER_RAMDISK": "1"}
        self._daemon = Daemon(launcher(command), folder / "log", self._is_ready, environment)

    def stop(self) -> None:
        self._daemon.stop()

    def load(self, archive: Path) -> str:
        return self._docker("load", "-i", str(archive))

    @property
    def load_command(self) -> list[str]:
        """Loads what its standard input gives."""
        return self._launcher(["docker", "-H", self._socket, "load"])

    def images(self) -> set[str]:
        """`NAME:TAG` as Docker shows them."""
        return set(self._docker("images", "--format", "{{.Repository}}:{{.Tag}}").split())

    def remove(self, image: str) -> None:
        self._docker("rmi", "-f", image)

    def clear(self) -> None:
        """Removes all images."""
        if images := self._docker("images", "--all", "--quiet").split():
            self._docker("rmi", "-f", *dict.fromkeys(images))

    def inspect(self, image: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(self._docker("image", "inspect", image))[0]
        return found

    def run(self, image: str) -> str:
        """What a container of it prints."""
        return self._docker("run", "--rm", "--network", "none", image).strip()

    def save(self, image: str, archive: Path) -> None:
        self._docker("save", "-o", str(archive), image)

    def unpacked(self, archive: Path) -> Found:
        """What it really has of an archive that it was given; it has none of it afterwards."""
        return by_docker_or_podman(runner(self._launcher, "docker", "-H", self._socket), archive)

    def login(self, registry: str, name: str, password: str, config: Path) -> None:
        """Writes config.json into the folder `config`."""
        words = ["--config", str(config), "login", "--username", name, "--password-stdin", registry]
        self._docker(*words, given=password.encode())

    def _docker(self, *words: str, given: bytes | None = None) -> str:
        return output_of(self._launcher(["docker", "-H", self._socket, *words]), given)

    def _is_ready(self) -> bool:
        try:
            self._docker("version")
        except AssertionError:
            return False
        return True
