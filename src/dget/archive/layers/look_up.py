"""Finding one file from the topmost layer downwards, so that layers below it need not be fetched."""

from collections.abc import Sequence

import msgspec

from dget.archive.layers.budget import Budget
from dget.archive.layers.entry import Entry, Kind, Path, clean_path, shown
from dget.archive.layers.layers import LayerReader, OpenLayer
from dget.archive.layers.tree import OPAQUE, SYMLINKS_MAX, WHITEOUT, NotAFolder, TooManySymlinks
from dget.errors import NotFound

_NAMES_NOTHING = ("", ".", "..")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """path: real, without symlinks; entry: None for a folder that no layer has an entry of; layer: which has it."""

    path: Path
    entry: Entry | None
    layer: int

    @property
    def kind(self) -> Kind:
        return self.entry.kind if self.entry else Kind.DIRECTORY


def find_file(layers: LayerReader, path: str) -> Found:
    """What `path` means in the image; symlinks are followed within it. Raises NotFound and what reading layers raises."""
    parts = path.split("/")
    try:
        found = _Search(layers).find(parts)
    except _Unclear:
        found = _find_in_tree(layers, parts, path)
    except TooManySymlinks:
        raise NotFound(f"{shown(path)}: symlinks lead around in a circle") from None
    if found is None:
        raise no_such_file(path)
    return found


def no_such_file(path: str) -> NotFound:
    return NotFound(f"the image has no {shown(path)}", hint="dget ls IMAGE lists what it has")


class _Unclear(Exception):
    """The upper layers alone do not tell: all of them must be applied, as engines do it."""


class _LayerIndex:
    """What one layer alone says about each path.

    Raises _Unclear where its entries depend on each other in a way that builders do not use, or, above the base, where it
    has no entry of a folder that it writes into: in a lower layer that may be a symlink to anywhere.
    """

    def __init__(self, layer: OpenLayer, budget: Budget, *, base: bool) -> None:
        self.entries: dict[Path, Entry] = {}
        self._folders: set[Path] = set()
        self._hidden: set[Path] = set()
        self._opaque: set[Path] = set()
        others: set[Path] = set()
        passed: set[Path] = set()
        for entry in layer:
            budget.take(entry)
            self._note(entry, budget)
            _pass_through(entry.path, passed, budget)
            if entry.kind is not Kind.DIRECTORY:
                others.add(entry.path)
        if others & passed or not (base or passed <= self.entries.keys()):
            raise _Unclear

    def _note(self, entry: Entry, budget: Budget) -> None:
        path = entry.path
        if not path or not path[-1].startswith(WHITEOUT):
            self.entries[path] = entry
            _pass_through(path, self._folders, budget)
        elif path[-1] == OPAQUE:
            self._opaque.add(path[:-1])
        elif path[-1].removeprefix(WHITEOUT) in _NAMES_NOTHING:
            raise _Unclear
        else:
            self._hidden.add((*path[:-1], path[-1].removeprefix(WHITEOUT)))

    def says(self, path: Path) -> Entry | bool:
        """Its entry; else whether layers below may still have one."""
        if path in self.entries:
            return self.entries[path]
        if path in self._folders:
            # A folder of the base that has no entry.
            return Entry(place=-1, path=path, kind=Kind.DIRECTORY, mode=0o755)
        return not (path in self._hidden or any(self._hides_below(path[:length]) for length in range(len(path))))

    def _hides_below(self, folder: Path) -> bool:
        entry = self.entries.get(folder)
        return (
            folder in self._opaque or folder in self._hidden or (entry is not None and entry.kind is not Kind.DIRECTORY)
        )

    def linked(self, entry: Entry) -> Entry:
        """The entry that a hard link is another name of."""
        target = self.entries.get(clean_path(entry.target))
        if target is None or target.place > entry.place or target.kind is Kind.HARDLINK:
            raise _Unclear
        return target


def _pass_through(path: Path, folders: set[Path], budget: Budget) -> None:
    """Adds the folders that a path leads through, without the root. Raises Unsupported where they are too many."""
    for length in range(len(path) - 1, 0, -1):
        folder = path[:length]
        if folder in folders:
            # And so are those that it lies in.
            return
        budget.take_folder(length)
        folders.add(folder)


class _Search:
    def __init__(self, layers: LayerReader) -> None:
        self._layers = layers
        self._indexes: dict[int, _LayerIndex] = {}
        self._budget = Budget()

    def find(self, path: Sequence[str]) -> Found | None:
        """Raises _Unclear, TooManySymlinks."""
        here = Found(path=(), entry=None, layer=0)
        trail = [here]
        ahead = list(reversed(path))
        symlinks = 0
        while ahead:
            name = ahead.pop()
            if name in ("", "."):
                continue
            if name == "..":
                del trail[max(1, len(trail) - 1) :]
                continue
            if trail[-1].kind is not Kind.DIRECTORY:
                return None
            found = self._topmost((*trail[-1].path, name))
            if found is None:
                return None
            if found.entry is None or found.kind is not Kind.SYMLINK:
                trail.append(found)
                continue
            symlinks += 1
            if symlinks > SYMLINKS_MAX:
                raise TooManySymlinks
            if found.entry.target.startswith("/"):
                del trail[1:]
            ahead.extend(reversed(found.entry.target.split("/")))
        return trail[-1]

    def _topmost(self, path: Path) -> Found | None:
        for number in reversed(range(len(self._layers))):
            index = self._index(number)
            said = index.says(path)
            if isinstance(said, Entry):
                entry = index.linked(said) if said.kind is Kind.HARDLINK else said
                return Found(path=path, entry=entry, layer=number)
            if not said:
                return None
        return None

    def _index(self, number: int) -> _LayerIndex:
        if number not in self._indexes:
            with self._layers.open(number) as layer:
                self._indexes[number] = _LayerIndex(layer, self._budget, base=number == 0)
        return self._indexes[number]


def _find_in_tree(layers: LayerReader, parts: Sequence[str], path: str) -> Found | None:
    tree = layers.merge()
    try:
        located = tree.locate(parts)
    except NotAFolder:
        return None
    except TooManySymlinks:
        raise NotFound(f"{shown(path)}: symlinks lead around in a circle") from None
    if located is None:
        return None
    real, node = located
    return Found(path=real, entry=node.inode.entry, layer=node.inode.layer)
