"""What looking into an image gives."""

from pathlib import Path

import msgspec


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an image. path: from the image's root, with a leading `/`; kind: file, directory, symlink, hardlink,
    character-device, block-device or fifo, and in a single layer whiteout or opaque (hides what is below it).

    mode: permission, set-id and sticky bits; modified: ISO 8601; target: of a link; device: major and minor number;
    layer: which one it comes from, counted from 1.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    modified: str
    layer: int
    target: str | None = None
    device: tuple[int, int] | None = None


class FileList(msgspec.Struct, frozen=True, kw_only=True):
    """The files at and below `path`, as a container of the image would see them."""

    image: str
    platform: str
    path: str
    files: tuple[FileEntry, ...]


class LayerFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What one layer changes. number: from 1, the base; digest: of the blob."""

    number: int
    digest: str
    size: int
    files: tuple[FileEntry, ...]


class LayerList(msgspec.Struct, frozen=True, kw_only=True):
    """What each layer says about `path` and below it."""

    image: str
    platform: str
    path: str
    layers: tuple[LayerFiles, ...]


class CopyResult(msgspec.Struct, frozen=True, kw_only=True):
    """A copy out of an image. path: in the image; target: on the disk; left_out: what could not be restored."""

    image: str
    platform: str
    path: str
    target: Path
    kind: str
    files: int
    size: int
    left_out: tuple[str, ...] = ()
