"""What was found in an archive, before anybody judges it."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import msgspec

from dget.codec import Compression


class Kind(Enum):
    """Kinds of faults and peculiarities that some consumer minds; the rest of a sentence about where it is."""

    MISSING = "is missing"
    NO_MANIFEST = "is no whole manifest"
    WRONG_SIZE = "has another size than its descriptor says"
    WRONG_DIGEST = "does not match its digest"
    UNREADABLE = "cannot be read"
    WRONG_DIFF_ID = "unpacks to something else than the image's config says"
    LAYER_COUNT = "has not as many layers as its config says"
    INVALID_NAME = "is no valid name of an image"
    NO_NAME = "has no name"
    TAG_ALONE = "is a tag alone, where a whole name belongs"
    NAME_TAKEN_LATER = "is the name of a later image in the file too"
    NAME_TAKEN_BEFORE = "is the name of an earlier image in the file too"
    SYMBOLIC_LINK = "is a symbolic link"
    HARD_LINK = "is a hard link"
    ZSTD_LAYER = "is packed with zstd"
    OTHER_PLATFORM = "is said to be for another platform"
    NO_BUILD = "has no build for this platform"
    PARTIAL_INDEX = "lists platforms that are not in the file"
    LAYOUT_VERSION = "is of an unknown version of the OCI layout"


# Nothing is wrong with a file for these: some consumers do not take it all the same.
PECULIARITIES = frozenset(
    (
        Kind.NO_NAME,
        Kind.TAG_ALONE,
        Kind.SYMBOLIC_LINK,
        Kind.HARD_LINK,
        Kind.ZSTD_LAYER,
        Kind.OTHER_PLATFORM,
        Kind.NO_BUILD,
        Kind.PARTIAL_INDEX,
    )
)


class Fault(msgspec.Struct, frozen=True):
    kind: Kind
    where: str

    def __str__(self) -> str:
        return f"{self.where} {self.kind.value}"


class ImageView(msgspec.Struct, frozen=True, kw_only=True):
    """An image as one of the archive's tables of contents tells it.

    names: as they are written; containerd_name: from containerd's annotation; oci_ref: what containers/image finds it
    by in an OCI layout; root: the digest that index.json gives it, else empty; image_id: the config's digest, or what else tells it from others.
    """

    names: tuple[str, ...]
    containerd_name: str | None = None
    oci_ref: str | None = None
    root: str = ""
    image_id: str = ""
    platform: str = ""
    faults: tuple[Fault, ...] = ()


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A table of contents: manifest.json or index.json. faults: of the table itself."""

    images: tuple[ImageView, ...]
    faults: tuple[Fault, ...] = ()

    def all_faults(self) -> Iterator[Fault]:
        yield from self.faults
        for image in self.images:
            yield from image.faults


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """A file that should hold images.

    damage: why nothing of it can be read, or None. docker, oci: its tables of contents, None for one that is not
    there. has_layout: whether `oci-layout` is there, which containerd goes by.
    """

    path: Path
    compression: Compression
    is_folder: bool = False
    damage: str | None = None
    docker: View | None = None
    oci: View | None = None
    has_layout: bool = False

    @property
    def faults(self) -> tuple[str, ...]:
        """All that is wrong with the file itself, whoever reads it; each once."""
        if self.damage:
            return (self.damage,)
        found = [fault for view in (self.docker, self.oci) if view for fault in view.all_faults()]
        wrong = [str(fault) for fault in found if fault.kind not in PECULIARITIES]
        if self.docker is None and self.oci is None:
            wrong.append("neither manifest.json nor index.json is in it: no image")
        return tuple(dict.fromkeys(wrong))
