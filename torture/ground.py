"""Where a scenario takes place: a real registry behind a proxy that does harm, and dgets that are ready to go."""

import hashlib
import os
import random
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tests.parts.distribution import Distribution
from tests.parts.fault_proxy import NO_FAULT, FaultProxy
from tests.parts.images import OCI, Image, layer, single
from torture.children import Child, Children, Ended

if TYPE_CHECKING:
    from torture.shapes import Known, Shape

KB, MB = 1_000, 1_000_000
# Manifests and configs that a pull asks for.
DOCUMENTS = 16 * KB
_KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV")


class Ground:
    """For the length of a `with`. folder: an empty one; rng: where all chances come from."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        self.rng = rng
        self.temporary = folder / "tmp"
        (folder / "home").mkdir(parents=True)
        (folder / "said").mkdir()
        self.temporary.mkdir()
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"HOME": str(folder / "home"), "TMPDIR": str(self.temporary), "NO_PROXY": "*"}
        self.environment = {**kept, **own}
        self.images = _images()
        self.known: dict[tuple[str, Shape], Known] = {}
        self._places = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.registry = stack.enter_context(Distribution(self.folder / "registry"))
            for name, image in self.images.items():
                self.registry.push(name, "1", image)
            self.proxy = stack.enter_context(FaultProxy(self.registry.address))
            self.children = stack.enter_context(Children(self.folder / "said", self.environment))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self, words: Sequence[str | Path], folder: Path, *, user: int = 0, output: Path | None = None) -> Child:
        """user: as whom, 0 is as ourselves; output: a named pipe that takes its standard output."""
        return self.children.start(words, folder, user=user, output=output)

    def run(self, words: Sequence[str | Path], folder: Path, user: int = 0) -> Ended:
        """dget, to its end."""
        return self.start(words, folder, user=user).wait()

    def place(self) -> Path:
        """A new, empty folder."""
        self._places += 1
        folder = self.folder / f"place{self._places}"
        folder.mkdir()
        return folder

    def name(self, image: str) -> str:
        return self.proxy.name(f"{image}:1")

    def size(self, image: str) -> int:
        return sum(map(len, self.images[image].blobs.values()))

    def calm(self) -> None:
        """No harm from now on, and nothing counted yet."""
        self.proxy.script = lambda _: NO_FAULT
        self.proxy.forget()


def noise(seed: int, size: int) -> bytes:
    """A layer that does not compress."""
    return layer({"noise": random.Random(seed).randbytes(size)})


def _images() -> dict[str, Image]:
    """Of small layers, two of them shared by all; and one of a layer that comes in chunks."""
    base = [noise(1, 400 * KB), noise(2, 300 * KB)]
    small = {f"app{number}": single(OCI, "amd64", [*base, noise(10 + number, 300 * KB)]) for number in range(4)}
    return {**small, "large": single(OCI, "amd64", [base[0], noise(3, 12 * MB)])}


def fingerprint(path: Path) -> str:
    """Of a file's bytes, or of a folder's names and bytes. The file of a lock that could not be removed says nothing."""
    digest = hashlib.sha256()
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.suffix == ".lock":
            continue
        digest.update(str(one.relative_to(path)).encode() + b"\0")
        if one.is_symlink():
            digest.update(str(one.readlink()).encode())
        elif one.is_file():
            digest.update(hashlib.sha256(one.read_bytes()).digest())
    return digest.hexdigest()


def files(folder: Path) -> set[str]:
    """All that lies in it, but for folders and what mkfs makes."""
    found = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return {str(path.relative_to(folder)) for path in found}
