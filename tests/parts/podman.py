"""Podman with a store of its own."""

from pathlib import Path

from tests.parts.engines import Launcher, here, output_of
from tests.parts.process import need
from tests.parts.unpacked import Found, by_docker_or_podman, runner

# Those that podman sets by itself are more than a bounded machine lets it.
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


class Podman:
    def __init__(self, folder: Path, *, launcher: Launcher = here) -> None:
        if launcher is here:
            need("podman", "podman")
        self._launcher = launcher
        self._store = [
            *("--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"),
            *("--cgroup-manager", "cgroupfs", "--events-backend", "none"),
        ]

    def load(self, archive: Path) -> str:
        return self._podman("load", "-i", str(archive))

    def pull(self, source: str) -> str:
        """source: as podman names it, for example `oci-archive:FILE:TAG`."""
        return self._podman("pull", source)

    @property
    def load_command(self) -> list[str]:
        """Loads what its standard input gives."""
        return self._launcher(["podman", *self._store, "load"])

    def images(self) -> set[str]:
        """`NAME:TAG`, fully qualified."""
        return set(self._podman("images", "--format", "{{.Repository}}:{{.Tag}}").split())

    def run(self, image: str) -> str:
        """What a container of it prints."""
        return self._podman("run", "--rm", "--network", "none", *_LIMITS, image).strip()

    def remove(self, image: str) -> None:
        self._podman("rmi", "-f", image)

    def clear(self) -> None:
        """Removes all images."""
        self._podman("rmi", "--all", "--force")

    def save(self, image: str, archive: Path, form: str) -> None:
        """form: `docker-archive` or `oci-archive`."""
        self._podman("save", "--format", form, "-o", str(archive), image)

    def unpacked(self, archive: Path) -> Found:
        """What it really has of an archive that it was given; it has none of it afterwards."""
        return by_docker_or_podman(runner(self._launcher, "podman", *self._store), archive)

    def login(self, key: str, name: str, password: str, file: Path) -> None:
        """Writes an auth.json. key: a registry on this machine, or a namespace or repository of it."""
        words = ["--authfile", str(file), "--tls-verify=false", "--username", name, "--password-stdin", key]
        self._podman("login", *words, given=password.encode())

    def _podman(self, *words: str, given: bytes | None = None) -> str:
        return output_of(self._launcher(["podman", *self._store, *words]), given)
