"""Looking into an image: lists of its files, their bytes, and copies."""

import os
import posixpath
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dget.api.file_results import CopyResult, FileEntry, FileList, LayerFiles, LayerList
from dget.archive.layers import (
    OPAQUE,
    WHITEOUT,
    Entry,
    Found,
    Kind,
    LayerReader,
    Node,
    NotAFolder,
    Plan,
    TooManySymlinks,
    copy_file,
    find_file,
    no_such_file,
    send_file,
    walk,
    write_folder,
)
from dget.engine import PullPlan
from dget.errors import Unsupported, UsageError
from dget.flow import ByteSink, Observer, Warned

_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class ImageFiles:
    """The files of the image that a plan names. Its methods raise NotFound and what reading layers raises."""

    def __init__(self, plan: PullPlan, layers: LayerReader, observer: Observer) -> None:
        self._plan = plan
        self._layers = layers
        self._observer = observer

    def list(self, path: str) -> FileList:
        """What is at and below `path` when all layers are applied; its own symlinks are followed."""
        tree = self._layers.merge()
        try:
            located = tree.locate(path.split("/"))
        except (NotAFolder, TooManySymlinks):
            located = None
        if located is None:
            raise no_such_file(path)
        real, node = located
        files = tuple(_of_node(below, one) for below, one in walk(node, real) if below or node.children is None)
        return FileList(image=self._image, platform=self._platform, path=path, files=files)

    def list_layers(self, path: str) -> LayerList:
        """What each layer says about `path` and below it, in its own order."""
        blobs = self._plan.image.manifest.value.layers
        self._layers.fetch(range(len(blobs)))
        layers = tuple(
            LayerFiles(number=number + 1, digest=str(blob.digest), size=blob.size, files=self._list_layer(number, path))
            for number, blob in enumerate(blobs)
        )
        return LayerList(image=self._image, platform=self._platform, path=path, layers=layers)

    def read(self, path: str, sink: ByteSink) -> int:
        """Sends a file's bytes; how many they are. Raises UsageError where it is no file."""
        return send_file(self._layers, find_file(self._layers, path), sink)

    def copy(self, path: str, target: str) -> CopyResult:
        """A file or folder into `target`: a folder that is there, or ends in `/`, gets it under its own name."""
        found = find_file(self._layers, path)
        if found.kind not in (Kind.FILE, Kind.DIRECTORY):
            raise UsageError(f"{path} is a {found.kind}: files and folders can be copied")
        place = _place(found, path, target, self._plan.reference.repository.rpartition("/")[2])
        left_out: tuple[str, ...] = ()
        if found.kind is Kind.FILE:
            count, size = 1, copy_file(self._layers, found, place)
        else:
            located = self._layers.merge().locate(found.path)
            assert located is not None
            plan = Plan.of(located[1])
            left_out = tuple(write_folder(self._layers, plan, place))
            count, size = plan.count, plan.size
        for text in left_out:
            self._observer(Warned(text=text))
        return CopyResult(
            image=self._image,
            platform=self._platform,
            path=path,
            target=place,
            kind=str(found.kind),
            files=count,
            size=size,
            left_out=left_out,
        )

    @property
    def _image(self) -> str:
        return str(self._plan.reference)

    @property
    def _platform(self) -> str:
        return str(self._plan.image.platform)

    def _list_layer(self, number: int, path: str) -> tuple[FileEntry, ...]:
        top = tuple(filter(None, posixpath.normpath(f"/{path}").split("/")))
        with self._layers.open(number) as layer:
            entries = [entry for entry in layer if entry.path[: len(top)] == top and entry.path]
        return tuple(_of_entry(entry, number) for entry in entries)


def _place(found: Found, path: str, target: str, image_name: str) -> Path:
    """Raises Unsupported for a name that this system would take for a path."""
    if not (target.endswith(("/", os.sep)) or Path(target).is_dir()):
        return Path(target)
    written = path.rstrip("/").rpartition("/")[2]
    name = written if written not in ("", ".", "..") else (*("", image_name), *found.path)[-1]
    if os.name == "nt" and set('\\/:*?"<>|') & set(name):
        raise Unsupported(f"Windows has no file named {name!r}", hint="name the target file")
    Path(target).mkdir(parents=True, exist_ok=True)
    return Path(target) / name


def _of_node(path: Sequence[str], node: Node) -> FileEntry:
    entry = node.inode.entry or Entry(place=-1, path=tuple(path), kind=Kind.DIRECTORY, mode=0o755)
    return _file_entry(path, entry, node.inode.layer, entry.kind)


def _of_entry(entry: Entry, layer: int) -> FileEntry:
    name = entry.path[-1]
    if name == OPAQUE:
        return _file_entry(entry.path[:-1], entry, layer, "opaque")
    if name.startswith(WHITEOUT):
        return _file_entry((*entry.path[:-1], name.removeprefix(WHITEOUT)), entry, layer, "whiteout")
    return _file_entry(entry.path, entry, layer, entry.kind)


def _file_entry(path: Sequence[str], entry: Entry, layer: int, kind: str) -> FileEntry:
    return FileEntry(
        path="/" + "/".join(path),
        kind=str(kind),
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        size=entry.size,
        modified=_time(entry.mtime_ns),
        layer=layer + 1,
        target=entry.target or None,
        device=entry.device if kind in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE) else None,
    )


def _time(nanoseconds: int) -> str:
    try:
        moment = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    except (OverflowError, ValueError, OSError):
        moment = _FIRST_TIME
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
