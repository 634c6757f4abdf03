"""Folders with newer engines in them: Debian suites made by debootstrap, kept between runs.

They lie in DGET_ENGINES_DIR, by default ~/.cache/dget-test-engines: a folder a suite, and a stamp beside it that says
how it was made. Delete them at any time; the next run makes them anew.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

_DEBOOTSTRAP_TIMEOUT = 1800
_APT_TIMEOUT = 1800
# What a suite lacked may be back: such a root is made anew on the next day.
_INCOMPLETE_FOR = 24 * 3600

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--")

_CONFIGURATION = {
    # Debian asks this program before it starts a service; 101 means no.
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    # A mirror that stands still is past the date until which its lists say that they are valid.
    "etc/apt/apt.conf.d/90-engines": 'Acquire::Check-Valid-Until "false";\nAPT::Install-Recommends "false";\n',
    # podman would limit the number of processes, but the machine may keep that controller to cgroups version 1.
    "etc/containers/containers.conf": '[containers]\ncgroups = "disabled"\n',
}


class CannotMakeRoot(Exception):
    """What this machine lacks."""


@dataclass(frozen=True, slots=True)
class Engine:
    """version: as it begins, of the first package; packages: Debian's names, of what it needs to run a container too."""

    version: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """One of Debian's, and the engines that are wanted from it."""

    name: str
    engines: Mapping[str, Engine]

    def named(self, engine: str) -> str:
        """`docker-26.1`."""
        return f"{engine}-{self.engines[engine].version}"


TRIXIE = Suite(
    "trixie",
    {
        "containerd": Engine("1.7", ("containerd", "runc")),
        "docker": Engine("26.1", ("docker.io", "docker-cli")),
        "podman": Engine("5.4", ("podman", "crun")),
        "skopeo": Engine("1.18", ("skopeo",)),
    },
)
# It moves on: when it has lost one of these, tests of that engine are skipped until the version here is raised.
SID = Suite(
    "sid",
    {
        "containerd": Engine("2.1", ("containerd", "runc")),
        "docker": Engine("28.5", ("docker.io", "docker-cli")),
        "podman": Engine("5.8", ("podman", "crun")),
        "skopeo": Engine("1.22", ("skopeo",)),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A suite with engines in it. missing: what apt said, by engine that it could not install."""

    path: Path
    missing: Mapping[str, str]


@contextlib.contextmanager
def root_of(suite: Suite) -> Iterator[Root]:
    """The suite's root, made if need be. Nobody makes it anew while it is in use.

    Raises CannotMakeRoot where this machine cannot, CalledProcessError where debootstrap or apt fails.
    """
    if os.geteuid() != 0:
        raise CannotMakeRoot("making and entering the engines' folders needs root")
    probe = subprocess.run([*_APART, "true"], capture_output=True, text=True, timeout=60, check=False)
    if probe.returncode != 0:
        raise CannotMakeRoot(f"this machine lets nobody have namespaces: {probe.stderr.strip()}")
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    path, stamp = folder / suite.name, folder / f"{suite.name}.json"
    with (folder / f"{suite.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = _read_stamp(stamp, suite)
        if missing is None:
            missing = _make(suite, path, stamp)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield Root(path=path, missing=missing)


def _folder() -> Path:
    if chosen := os.environ.get("DGET_ENGINES_DIR"):
        return Path(chosen).resolve()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache.resolve() / "dget-test-engines"


def _recipe(suite: Suite) -> object:
    return json.loads(json.dumps([asdict(suite), _CONFIGURATION]))


def _read_stamp(stamp: Path, suite: Suite) -> Mapping[str, str] | None:
    """What is missing in the root that the stamp is of; None where the root is to be made."""
    try:
        written = json.loads(stamp.read_text())
        age = time.time() - stamp.stat().st_mtime
    except (FileNotFoundError, ValueError):
        return None
    if written["recipe"] != _recipe(suite) or (written["missing"] and age > _INCOMPLETE_FOR):
        return None
    missing: dict[str, str] = written["missing"]
    return missing


def _make(suite: Suite, path: Path, stamp: Path) -> Mapping[str, str]:
    mirror = _mirror()
    stamp.unlink(missing_ok=True)
    if path.exists():
        shutil.rmtree(path)
    debootstrap = ["debootstrap", "--variant=minbase", "--force-check-gpg"]
    _run_apart([*debootstrap, suite.name, str(path), mirror], _DEBOOTSTRAP_TIMEOUT)
    for name, content in _CONFIGURATION.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o755 if content.startswith("#!") else 0o644)
    _apt(path, "update")
    missing: dict[str, str] = {}
    for name, engine in suite.engines.items():
        wanted, *others = engine.packages
        try:
            _apt(path, "install", f"{wanted}={engine.version}.*", *others)
        except subprocess.CalledProcessError as error:
            missing[name] = f"{suite.name} does not give {wanted} {engine.version}: {_errors_in(error.stderr)}"
    _apt(path, "clean")
    shutil.rmtree(path / "var/lib/apt/lists")
    stamp.write_text(json.dumps({"recipe": _recipe(suite), "missing": missing}, indent=1))
    return missing


def _mirror() -> str:
    """Debian's mirror that this system's apt uses."""
    if shutil.which("debootstrap", path=_PATH) is None:
        raise CannotMakeRoot("debootstrap is not installed")
    if shutil.which("apt-get") is None:
        raise CannotMakeRoot("this system has no apt, which would know a mirror of Debian")
    ask = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian", "Component: main"]
    mirrors = subprocess.run(ask, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    if not mirrors:
        raise CannotMakeRoot("this system's apt knows no mirror of Debian, or apt-get update has not run yet")
    return mirrors[0]


def _apt(root: Path, *words: str) -> None:
    script = 'mount -t proc proc /proc && exec apt-get -qy "$@"'
    _run_apart(["chroot", str(root), "sh", "-c", script, "apt-get", *words], _APT_TIMEOUT)


def _run_apart(command: list[str], timeout: float) -> None:
    """Runs it with mounts and processes of its own, which all end with it."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C", "PATH": _PATH}
    try:
        subprocess.run(
            [*_APART, *command], check=True, capture_output=True, text=True, timeout=timeout, env=environment
        )
    except subprocess.CalledProcessError as error:
        error.add_note(f"{error.stdout}{error.stderr}"[-2000:])
        raise


def _errors_in(output: str) -> str:
    lines = [line.removeprefix("E: ") for line in output.splitlines() if line.startswith("E: ")]
    return " ".join(lines) or output.strip()[-300:]
