"""The images that a file holds, and which of them is meant."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from dget.archive.readers.members import Members
from dget.errors import NotFound, Unsupported, UsageError
from dget.model import Digest, Document, FileLocator, Index, Manifest, Reference

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_SHOWN_MAX = 10
# The largest files that are known, for sites without a network, hold some hundred.
_IMAGES_MAX = 5_000


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """root: what the image is asked by; made, places: as FileImage has them."""

    root: Document[Manifest] | Document[Index]
    made: Mapping[Digest, bytes] = msgspec.field(default_factory=dict)
    places: Mapping[Digest, str] = msgspec.field(default_factory=dict)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """names: fully qualified; named: whether the file gives them, or they were made of its own name; digests: by which
    it can be asked for; load: reads its documents, and raises DamagedFile or Unsupported.
    """

    names: tuple[str, ...]
    named: bool
    digests: tuple[Digest, ...]
    load: Callable[[], Loaded]

    @property
    def label(self) -> str:
        """How a person can tell it from others."""
        return ", ".join(self.names) if self.named else f"{', '.join(self.names)} ({self.digests[0]})"


def check_count(members: Members, count: int) -> None:
    """Raises Unsupported where a file names more images than any honest one: each costs a look at its documents."""
    if count > _IMAGES_MAX:
        raise Unsupported(f"{members.where} names {count:,} images; more than {_IMAGES_MAX:,} are refused")


def full_name(text: str) -> str | None:
    """`docker.io/library/alpine:3.20` for `alpine:3.20`; None for what is no image's name."""
    try:
        reference = Reference.parse(text)
    except UsageError:
        return None
    return f"{reference.name}@{reference.digest}" if reference.digest else reference.archive_name


def name_from_file(path: Path, tag: str | None) -> str:
    """`localhost/x:latest`: what an image without a name is called, since engines want one."""
    stem = path.name.partition(".")[0].lower() or path.resolve().name.lower()
    return f"localhost/{_NOT_IN_A_NAME.sub('-', stem).strip('-')[:100] or 'image'}:{tag or 'latest'}"


def choose(images: Sequence[Listed], locator: FileLocator) -> tuple[Listed, tuple[str, ...]]:
    """The image that is meant, and those of its names that are. Raises UsageError, NotFound."""
    if locator.digest:
        return _the_one([image for image in images if locator.digest in image.digests], images, locator)
    if locator.place is not None:
        return _the_one(images[locator.place : locator.place + 1], images, locator)
    if locator.name is None:
        if len(images) > 1:
            raise UsageError(f"{locator} holds {len(images)} images: {_all(images)}", hint=_hint(images, locator))
        return _the_one(images, images, locator)
    wanted = full_name(locator.name)
    if named := [image for image in images if wanted in image.names]:
        return named[0], tuple(name for name in named[0].names if name == wanted)
    tagged = [image for image in images if any(_tag(name) == locator.name for name in image.names)]
    if len(tagged) > 1:
        raise UsageError(f"{locator} fits {len(tagged)} images: {_all(tagged)}", hint=_hint(tagged, locator))
    chosen, names = _the_one(tagged, images, locator)
    return chosen, tuple(name for name in names if _tag(name) == locator.name) or names


def _the_one(found: Sequence[Listed], images: Sequence[Listed], locator: FileLocator) -> tuple[Listed, tuple[str, ...]]:
    if found:
        return found[0], found[0].names
    raise NotFound(f"{locator}: there is no such image in the file; it holds: {_all(images) or 'none'}")


def _all(images: Sequence[Listed]) -> str:
    more = f" and {len(images) - _SHOWN_MAX} more" if len(images) > _SHOWN_MAX else ""
    return "; ".join(image.label for image in images[:_SHOWN_MAX]) + more


def _hint(images: Sequence[Listed], locator: FileLocator) -> str:
    selector = next((name for image in images for name in image.names if "@" not in name), "@0")
    prefix = f"{locator.transport}:" if locator.transport else ""
    return f"name one, for example: {prefix}{locator.path}:{selector}"


def _tag(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[2]
