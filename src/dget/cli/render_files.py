"""Files of an image as text: names alone, or with what belongs to them; or where a copy is."""

import stat
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from dget.api import CopyResult, FileEntry, FileList, LayerList
from dget.cli.units import clean, size

_LETTERS = {
    "file": stat.S_IFREG,
    "directory": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "hardlink": stat.S_IFREG,
    "character-device": stat.S_IFCHR,
    "block-device": stat.S_IFBLK,
    "fifo": stat.S_IFIFO,
}


class Listing(msgspec.Struct, frozen=True):
    """long: with mode, owner, size, time and layer."""

    result: FileList | LayerList
    long: bool


def text(result: Listing | CopyResult) -> bytes:
    """One line a file. A terminal gets names without what it would act on; a pipe gets their very bytes."""
    if isinstance(result, CopyResult):
        return f"{result.target}\n".encode(errors="surrogateescape")
    lines = _lines(result)
    if sys.stdout.isatty():
        return "".join(f"{clean(_readable(line))}\n" for line in lines).encode(errors="replace")
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")


def summary(result: Listing | CopyResult) -> str:
    if isinstance(result, Listing):
        return ""
    files = "1 file" if result.files == 1 else f"{result.files} files"
    return clean(f"{result.path} is at {result.target} now: {files}, {size(result.size)}")


def plain(result: Listing | CopyResult) -> Any:
    return result.result if isinstance(result, Listing) else result


def _lines(listing: Listing) -> Iterator[str]:
    if isinstance(listing.result, FileList):
        yield from _files(listing.result.files, long=listing.long)
        return
    for place, layer in enumerate(listing.result.layers):
        if place:
            yield ""
        yield f"layer {layer.number}  {layer.digest}  {size(layer.size)}"
        yield from _files(layer.files, long=listing.long)


def _files(files: Sequence[FileEntry], *, long: bool) -> Iterator[str]:
    owners = [f"{file.uid}:{file.gid}" for file in files] if long else []
    width = max(map(len, owners), default=0)
    sizes = [_size(file) for file in files] if long else []
    size_width = max(map(len, sizes), default=0)
    for place, file in enumerate(files):
        name = _name(file)
        if not long:
            yield name
            continue
        arrow = f" -> {file.target}" if file.target else ""
        yield (
            f"{_mode(file)}  {owners[place]:>{width}}  {sizes[place]:>{size_width}}  "
            f"{file.modified[:16].replace('T', ' ')}  {file.layer:>3}  {name}{arrow}"
        )


def _name(file: FileEntry) -> str:
    match file.kind:
        case "whiteout":
            return f"{file.path} (removed)"
        case "opaque":
            return f"{file.path} (emptied)"
    return file.path


def _mode(file: FileEntry) -> str:
    if file.kind not in _LETTERS:
        return "----------"
    return stat.filemode(_LETTERS[file.kind] | file.mode)


def _size(file: FileEntry) -> str:
    return f"{file.device[0]}, {file.device[1]}" if file.device else str(file.size)


def _readable(text: str) -> str:
    """Bytes that are not UTF-8 become marks."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
