"""What a layer says about one path."""

import enum
from typing import TypeAlias

import msgspec

from dget.errors import Unsupported

# The parts between the slashes, from the image's root down; the root itself has none. What is not UTF-8 in a name stands
# as surrogates (PEP 383), so that the same bytes come out again.
Path: TypeAlias = tuple[str, ...]

# Linux's limits (limits.h): a longer name could not be unpacked anywhere.
_NAME_MAX = 255
PATH_MAX = 4095


class Kind(enum.StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    CHARACTER_DEVICE = "character-device"
    BLOCK_DEVICE = "block-device"
    FIFO = "fifo"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a layer's tar.

    place: how many entries stand before it in its layer; mode: permission, set-id and sticky bits; mtime_ns:
    nanoseconds since 1970; size: bytes of a file; target: what a link points at, as it was written; device: major
    and minor number; xattrs: extended attributes by name.
    """

    place: int
    path: Path
    kind: Kind
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    mtime_ns: int = 0
    size: int = 0
    target: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()


def clean_path(name: str) -> Path:
    """The path that a member's name or a hard link's target means; a leading `/` is the image's root.

    Raises Unsupported where it leaves the root, or could be no file's name.
    """
    if "\0" in name:
        raise Unsupported(f"refused {shown(name)}: its name has a NUL in it", hint=HOSTILE)
    parts: list[str] = []
    for part in name.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            parts.append(part)
            continue
        if not parts:
            raise Unsupported(f"refused {shown(name)}: it leads out of the image", hint=HOSTILE)
        parts.pop()
    if len(name) * 4 > _NAME_MAX:
        _check_lengths(parts)
    return tuple(parts)


HOSTILE = "no honest builder makes such a layer: do not trust this image, and tell its publisher"


def shown(name: str) -> str:
    """For a message: quoted, without what a terminal would act on, and not too long."""
    return repr(name if len(name) <= 120 else f"{name[:120]}…")


def _check_lengths(parts: list[str]) -> None:
    encoded = [part.encode(errors="surrogateescape") for part in parts]
    if any(len(part) > _NAME_MAX for part in encoded) or sum(map(len, encoded)) + len(encoded) > PATH_MAX:
        raise Unsupported(f"refused {shown('/'.join(parts))}: no system takes so long a name", hint=HOSTILE)
