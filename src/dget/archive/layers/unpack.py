"""From a tree of layers to the files themselves: what is written where, and in which order."""

from collections.abc import Iterator
from typing import Protocol, TypeAlias

import msgspec

from dget.archive.layers.entry import Entry, Kind, Path
from dget.archive.layers.layers import LayerReader
from dget.archive.layers.tree import Inode, Node, walk

Contents: TypeAlias = Iterator[tuple[int, bytes]]


class Target(Protocol):
    """Takes folders before what is in them, and a file before its further names. All raise StorageError."""

    def add_folder(self, path: Path, entry: Entry) -> None: ...

    def add_special(self, path: Path, entry: Entry) -> None:
        """A symlink, device or FIFO."""
        ...

    def add_file(self, path: Path, entry: Entry, contents: Contents) -> None: ...

    def add_link(self, path: Path, first: Path) -> None:
        """One more name of what was added as `first`."""
        ...


class Plan(msgspec.Struct):
    """A pure function of the tree: folders, then what has no contents, then files in the order of the layers.

    files: names by layer and place; the first name of several is the one that sorts first; size: bytes of them all.
    """

    folders: list[tuple[Path, Entry]] = msgspec.field(default_factory=list)
    specials: list[tuple[list[Path], Entry]] = msgspec.field(default_factory=list)
    files: dict[int, dict[int, list[Path]]] = msgspec.field(default_factory=dict)
    size: int = 0

    @classmethod
    def of(cls, top: Node) -> "Plan":
        """Paths are relative to `top`."""
        plan = cls()
        names: dict[Inode, list[Path]] = {}
        for path, node in walk(top):
            if node.children is not None:
                plan.folders.append((path, node.inode.entry or _without_entry(path)))
            else:
                names.setdefault(node.inode, []).append(path)
        for inode, paths in names.items():
            assert inode.entry is not None
            if inode.kind is Kind.FILE:
                plan.files.setdefault(inode.layer, {})[inode.entry.place] = paths
                plan.size += inode.entry.size
            else:
                plan.specials.append((paths, inode.entry))
        return plan

    @property
    def count(self) -> int:
        """Files with contents, each once whatever its names."""
        return sum(map(len, self.files.values()))

    def write(self, layers: LayerReader, target: Target) -> None:
        """Reads each layer that a file comes from once more. Raises what layers and target raise."""
        for path, entry in self.folders:
            target.add_folder(path, entry)
        for paths, entry in self.specials:
            target.add_special(paths[0], entry)
            _add_links(target, paths)
        for number in sorted(self.files):
            self._write_files(layers, number, target)

    def _write_files(self, layers: LayerReader, number: int, target: Target) -> None:
        wanted = self.files[number]
        last = max(wanted)
        with layers.open(number) as layer:
            for entry in layer:
                if paths := wanted.get(entry.place):
                    target.add_file(paths[0], entry, layer.contents())
                    _add_links(target, paths)
                if entry.place == last:
                    return


def _add_links(target: Target, paths: list[Path]) -> None:
    for path in paths[1:]:
        target.add_link(path, paths[0])


def _without_entry(path: Path) -> Entry:
    """A folder that is there because something is in it: root's, readable by all, of 1970, so that it is always the same."""
    return Entry(place=-1, path=path, kind=Kind.DIRECTORY, mode=0o755)
