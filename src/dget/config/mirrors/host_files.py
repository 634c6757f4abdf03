"""Where other engines keep what they were told of hosts and mirrors."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dget.config.mirrors.registries_files import RegistriesFiles

# An empty value means: read none.
DOCKER_VARIABLE = "DGET_DOCKER_DAEMON_JSON"
CONTAINERD_VARIABLE = "DGET_CONTAINERD_CERTS_D"
REGISTRIES_VARIABLE = "CONTAINERS_REGISTRIES_CONF"


class HostFiles(msgspec.Struct, frozen=True, kw_only=True):
    """docker: daemon.json files, the first that is there counts. containerd: `certs.d` folders, the first that has the
    registry counts.
    """

    docker: tuple[Path, ...] = ()
    containerd: tuple[Path, ...] = ()
    registries: RegistriesFiles = msgspec.field(default_factory=RegistriesFiles)

    @classmethod
    def of(cls, environment: Mapping[str, str], system: Path = Path("/etc")) -> "HostFiles":
        """The engines' usual places, or those that the environment names. The person's go before the system's."""
        home = _home(environment)
        config = Path(environment["XDG_CONFIG_HOME"]) if environment.get("XDG_CONFIG_HOME") else None
        config = config or (home / ".config" if home else None)
        return cls(
            docker=_chosen(environment, DOCKER_VARIABLE, _docker(environment, home, config, system)),
            containerd=_chosen(
                environment,
                CONTAINERD_VARIABLE,
                (*_in(config, "containerd/certs.d"), *_open(system / "containerd" / "certs.d")),
            ),
            registries=_registries(environment, home, system / "containers"),
        )


def _docker(environment: Mapping[str, str], home: Path | None, config: Path | None, system: Path) -> tuple[Path, ...]:
    """Rootless Docker's, Docker Desktop's, and the system's."""
    own = (*_in(config, "docker/daemon.json"), *_in(home, ".docker/daemon.json"))
    if sys.platform == "win32":
        data = environment.get("PROGRAMDATA", r"C:\ProgramData")
        return (*own, Path(data) / "docker" / "config" / "daemon.json")
    return (*own, *_open(system / "docker" / "daemon.json"))


def _registries(environment: Mapping[str, str], home: Path | None, system: Path) -> RegistriesFiles:
    """A file that the environment names stands alone. A person's file leaves the system's drop-ins out of account."""
    if REGISTRIES_VARIABLE in environment:
        return RegistriesFiles(files=_chosen(environment, REGISTRIES_VARIABLE, ()))
    own = home / ".config" / "containers" if home else None
    if own and (own / "registries.conf").exists():
        return RegistriesFiles((own / "registries.conf",), (own / "registries.conf.d",))
    drop_ins = (*_open(system / "registries.conf.d"), *_in(own, "registries.conf.d"))
    return RegistriesFiles(_open(system / "registries.conf"), drop_ins)


def _open(path: Path) -> tuple[Path, ...]:
    """A place of the system's, where this user may look: Docker makes its folder for the administrator alone."""
    return (path,) if os.access(path, os.R_OK) else ()


def _chosen(environment: Mapping[str, str], variable: str, usual: tuple[Path, ...]) -> tuple[Path, ...]:
    if variable not in environment:
        return usual
    return (Path(environment[variable]),) if environment[variable] else ()


def _in(folder: Path | None, place: str) -> tuple[Path, ...]:
    return (folder / place,) if folder else ()


def _home(environment: Mapping[str, str]) -> Path | None:
    home = environment.get("HOME") or environment.get("USERPROFILE")
    return Path(home) if home else None
