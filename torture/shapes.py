"""The ways to write an image, each of which must come out right whatever happens on the way."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torture.ground import Ground, fingerprint

_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """target: what is written, in the working folder; words: of the command line besides."""

    name: str
    target: str
    words: tuple[str, ...]

    @property
    def cached(self) -> bool:
        return "--no-cache" not in self.words


_CACHE = ("--cache-dir", "cache")
SHAPES = (
    Shape("tar.gz by the cache", "x.tar.gz", _CACHE),
    Shape("tar", "x.tar", ("--no-cache",)),
    Shape("tar.gz", "x.tar.gz", ("--no-cache",)),
    Shape("oci-dir by the cache", "x", (*_CACHE, "--format", "oci-dir")),
    Shape("legacy by the cache", "x.tar", (*_CACHE, "--format", "docker-legacy")),
    Shape("tar.zst", "x.tar.zst", ("--no-cache",)),
    Shape("root file system", "x.tar", (*_CACHE, "--format", "rootfs")),
    Shape("root folder", "x", ("--no-cache", "--format", "rootfs")),
)


@dataclass(frozen=True, slots=True)
class Known:
    """Of an undisturbed pull. right: what its target's fingerprint is; seconds: how long it takes."""

    right: str
    seconds: float


def words_of(shape: Shape, image: str, folder: Path | None = None) -> list[str | Path]:
    """The command line for an image. folder: where the target is to be, None is the working folder."""
    target = folder / shape.target if folder else Path(shape.target)
    # A folder of a root file system is told by its slash.
    output = f"{target}/" if shape.name == "root folder" else target
    return [image, "-arch", "amd64", "-o", output, *shape.words]


def measure(ground: Ground, image: str, shapes: Iterable[Shape]) -> Mapping[Shape, Known]:
    """Of pulls that nothing disturbs."""
    for shape in shapes:
        if (image, shape) not in ground.known:
            ground.known[image, shape] = _measured(ground, image, shape)
    return {shape: ground.known[image, shape] for shape in shapes}


def _measured(ground: Ground, image: str, shape: Shape) -> Known:
    ground.calm()
    seconds, right = [], set()
    for _ in range(_ROUNDS):
        place = ground.place()
        done = ground.run(words_of(shape, ground.name(image)), place)
        assert done.status == 0, done.errors
        seconds.append(done.seconds)
        right.add(fingerprint(place / shape.target))
        shutil.rmtree(place)
    (one,) = right
    return Known(one, min(seconds))
