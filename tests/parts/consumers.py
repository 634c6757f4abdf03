"""What somebody makes of an archive of dget's, by the command that a person would use."""

import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from tests.parts.containerd import Containerd
from tests.parts.engines import output_of
from tests.parts.images import Image
from tests.parts.matrix import REFUSES, TAKES, TAKES_UNNAMED
from tests.parts.oci_folder import names_in, unpacked_from
from tests.parts.podman import Podman
from tests.parts.skopeo import Skopeo


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """path: of the form; prints: what each image says when it runs, by name; beside: whether there is more than images.

    artifact: what it was made of, where that is no image.
    """

    path: Path
    form: str
    prints: Mapping[str, str]
    beside: bool = False
    artifact: Image | None = None

    def reference(self, name: str) -> str:
        """By which an OCI layout's reader picks an image: its tag where an archive has one image, else its full name."""
        alone = len(self.prints) == 1 and self.form != "oci-dir"
        return name.rpartition(":")[2] if alone else name


@dataclass(frozen=True, slots=True)
class Outcome:
    """cell: as docs/matrix.md has it; why: in the consumer's words, where it is not simply taken."""

    cell: str
    why: str = ""


Consumer: TypeAlias = Callable[[Made], Outcome]


class Engine(Protocol):
    def images(self) -> set[str]: ...
    def run(self, image: str) -> str: ...
    def clear(self) -> None: ...


class Loader(Engine, Protocol):
    def load(self, archive: Path) -> str: ...


def by_docker(docker: Loader) -> Consumer:
    return lambda made: _runs(docker, made, lambda: docker.load(made.path))


def by_podman(podman: Podman) -> Consumer:
    """`podman load` of an OCI archive wants one entry in it, and of a folder it takes no name."""

    def load(made: Made) -> None:
        alone = made.form == "oci-archive" and len(made.prints) == 1 and not made.beside
        if made.form.startswith("docker-") or alone:
            podman.load(made.path)
            return
        transport = "oci" if made.form == "oci-dir" else "oci-archive"
        for name in made.prints:
            podman.pull(f"{transport}:{made.path}:{made.reference(name)}")

    return lambda made: _runs(podman, made, lambda: load(made))


def by_ctr(containerd: Containerd, *options: str) -> Consumer:
    """options: of `ctr images import`."""

    def load(made: Made) -> None:
        # It would unpack cosign's signatures.
        more = (*options, "--no-unpack") if made.beside else options
        if made.form != "oci-dir":
            containerd.load(made.path, *more)
            return
        with tempfile.NamedTemporaryFile(dir=made.path.parent, suffix=".tar") as packed:
            output_of(["tar", "-C", str(made.path), "-cf", packed.name, "."])
            containerd.load(Path(packed.name), *more)

    return lambda made: _runs(containerd, made, lambda: load(made))


def by_skopeo(skopeo: Skopeo, transport: str | None = None) -> Consumer:
    """Every blob is verified on its way into a folder. transport: in place of the one that the form asks for."""

    def source(made: Made, name: str) -> str:
        alone = len(made.prints) == 1 and not made.beside
        if transport is not None:
            return f"{transport}:{made.path}"
        if made.form == "oci-dir":
            return f"oci:{made.path}" + ("" if alone else f":{name}")
        if made.form == "docker-legacy" or (made.form == "docker-archive" and len(made.prints) > 1):
            return f"docker-archive:{made.path}:{name}"
        return f"oci-archive:{made.path}" + ("" if alone else f":{made.reference(name)}")

    def copy(made: Made) -> None:
        for name in made.prints:
            if made.artifact is not None:
                assert skopeo.raw(source(made, name)) == made.artifact.root.raw
            if made.artifact is not None and made.artifact.children:
                continue
            with tempfile.TemporaryDirectory(dir=made.path.parent) as folder:
                skopeo.copy(source(made, name), Path(folder) / "copy")

    return lambda made: _outcome(lambda: copy(made))


def by_umoci(made: Made) -> Outcome:
    """The files of an OCI folder's images; of an artifact, that it is listed."""

    def unpack() -> None:
        assert set(made.prints) <= names_in(made.path)
        for name, text in made.prints.items() if made.artifact is None else ():
            with tempfile.TemporaryDirectory(dir=made.path.parent) as folder:
                root = unpacked_from(made.path, name, Path(folder) / "root")
                assert (root / "etc/text").read_text() == text

    return _outcome(unpack)


def by_chroot(made: Made) -> Outcome:
    """A root file system, unpacked by tar and run by the kernel alone."""

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=made.path.parent) as folder:
            with tarfile.open(made.path) as tar:
                tar.extractall(folder, filter="fully_trusted")
            command = ["chroot", folder, "/bin/busybox", "cat", "/etc/text"]
            assert output_of(command) in made.prints.values()

    return _outcome(run)


def _runs(engine: Engine, made: Made, load: Callable[[], object]) -> Outcome:
    """Under their names and no others, or each under another one; nothing of it is left afterwards."""

    def load_and_run() -> str:
        load()
        found = engine.images()
        if len(found) == len(made.prints) == 1 and found != set(made.prints):
            (name,), (text,) = found, made.prints.values()
            assert engine.run(name) == text
            return TAKES_UNNAMED
        assert set(made.prints) <= found if made.beside else set(made.prints) == found, found
        for name, text in made.prints.items():
            assert engine.run(name) == text
        return TAKES

    try:
        return _outcome(load_and_run)
    finally:
        engine.clear()


def _outcome(call: Callable[[], str | None]) -> Outcome:
    try:
        return Outcome(call() or TAKES)
    except (AssertionError, subprocess.SubprocessError) as error:
        return Outcome(REFUSES, str(error))
