"""The tree that layers make together: OCI image specification, layer.md, "Applying Changesets".

Pure: entries go in, in the order of their layers; files' contents are named by layer and place. Where the specification
leaves something open, it is as umoci does it: symlinks in an entry's folder are followed within the image.
"""

from collections.abc import Iterator, Sequence
from operator import itemgetter

import msgspec

from dget.archive.layers.budget import Budget
from dget.archive.layers.entry import HOSTILE, PATH_MAX, Entry, Kind, Path, clean_path, shown
from dget.errors import Unsupported

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
# AUFS's own bookkeeping (layer.md); none of it is a file of the image.
_AUFS = ".wh..wh."
# As Linux (path_resolution(7)).
SYMLINKS_MAX = 40


class TooManySymlinks(Exception):
    """They lead around in a circle, or further than any system follows."""


class NotAFolder(Exception):
    """A path goes on where there is no folder."""

    def __init__(self, trail: "list[tuple[str, Node]]") -> None:
        super().__init__()
        self.trail = trail


class Inode(msgspec.Struct, eq=False):
    """What one or several names (hard links) are. entry: None for a folder that no layer has an entry of."""

    entry: Entry | None
    layer: int

    @property
    def kind(self) -> Kind:
        return self.entry.kind if self.entry else Kind.DIRECTORY


class Node(msgspec.Struct, eq=False):
    """A name in the tree. children: of a folder, else None; touched: the last layer with an entry at or below it."""

    inode: Inode
    children: "dict[str, Node] | None"
    touched: int


class Tree:
    """The files of the layers that were applied so far."""

    def __init__(self) -> None:
        self.root = Node(Inode(None, 0), {}, 0)
        self._budget = Budget()

    def apply(self, layer: int, entry: Entry) -> None:
        """Entries of a layer in its order, layers from the base up. Raises Unsupported for what is hostile or too much."""
        self._budget.take(entry)
        if not entry.path:
            self._set_root(layer, entry)
        elif not entry.path[-1].startswith(WHITEOUT):
            self._add(layer, entry)
        elif entry.path[-1] == OPAQUE:
            self._hide_below(layer, entry.path[:-1])
        elif not entry.path[-1].startswith(_AUFS):
            self._white_out(layer, entry)

    def locate(self, path: Sequence[str]) -> tuple[Path, Node] | None:
        """What a path means, and its own path without symlinks, which are followed within the tree.

        Raises TooManySymlinks, NotAFolder.
        """
        trail, missing, strict = self._resolve(path)
        if missing or not strict:
            return None
        return tuple(name for name, _ in trail[1:]), trail[-1][1]

    def _find(self, path: Sequence[str]) -> Node | None:
        try:
            located = self.locate(path)
        except (TooManySymlinks, NotAFolder):
            return None
        return located[1] if located else None

    def _set_root(self, layer: int, entry: Entry) -> None:
        if entry.kind is not Kind.DIRECTORY:
            raise Unsupported(f"refused layer {layer + 1}: it makes the image's root a {entry.kind}", hint=HOSTILE)
        self.root.inode = Inode(entry, layer)

    def _add(self, layer: int, entry: Entry) -> None:
        name = entry.path[-1]
        inode = self._linked(entry) if entry.kind is Kind.HARDLINK else Inode(entry, layer)
        siblings = self._folder(layer, entry)
        before = siblings.get(name)
        if entry.kind is not Kind.DIRECTORY:
            siblings[name] = Node(inode, None, layer)
        elif before is not None and before.children is not None:
            before.inode, before.touched = inode, layer
        else:
            siblings[name] = Node(inode, {}, layer)

    def _linked(self, entry: Entry) -> Inode:
        """The inode that a hard link is another name of; a symlink itself may have several names."""
        target = clean_path(entry.target)
        folder = self._find(target[:-1]) if target else None
        node = (folder.children or {}).get(target[-1]) if folder else None
        if node is None or node.children is not None:
            what = "a folder" if node else "what is not there"
            raise Unsupported(
                f"refused {shown('/'.join(entry.path))}: a hard link to {what}, {shown(entry.target)}", hint=HOSTILE
            )
        return node.inode

    def _folder(self, layer: int, entry: Entry) -> dict[str, Node]:
        """The children of the folder that an entry belongs into, which is made where no layer has an entry of it."""
        try:
            trail, missing, _ = self._resolve(entry.path[:-1])
        except TooManySymlinks:
            raise Unsupported(
                f"refused {shown('/'.join(entry.path))}: symlinks lead around in a circle", hint=HOSTILE
            ) from None
        except NotAFolder as error:
            return self._replaced_by_folder(layer, entry, error.trail)
        children = trail[-1][1].children
        if children is None:
            return self._replaced_by_folder(layer, entry, trail)
        for _, node in trail:
            node.touched = layer
        depth = len(trail) + len(missing)
        self._budget.take_path(depth)
        if depth > PATH_MAX // 2:
            # Symlinks to symlinks lead deeper than any one name.
            raise Unsupported(f"refused {shown('/'.join(entry.path))}: it lies too deep for any system", hint=HOSTILE)
        for name in missing:
            self._budget.take_folder(depth)
            below: dict[str, Node] = {}
            children[name] = Node(Inode(None, layer), below, layer)
            children = below
        return children

    def _replaced_by_folder(self, layer: int, entry: Entry, trail: list[tuple[str, Node]]) -> dict[str, Node]:
        """A file of a lower layer gives way to a folder, as in a union mount; one of the same layer does not."""
        (name, file), (_, parent) = trail[-1], trail[-2]
        if file.touched == layer:
            raise Unsupported(f"refused {shown('/'.join(entry.path))}: it lies below a file", hint=HOSTILE)
        assert parent.children is not None
        parent.children[name] = Node(Inode(None, layer), {}, layer)
        return self._folder(layer, entry)

    def _hide_below(self, layer: int, path: Path) -> None:
        folder = self._find(path)
        if folder is not None:
            _keep_what_is_of(layer, folder)

    def _white_out(self, layer: int, entry: Entry) -> None:
        name = entry.path[-1].removeprefix(WHITEOUT)
        if name in ("", ".", ".."):
            raise Unsupported(f"refused {shown('/'.join(entry.path))}: a whiteout of no file", hint=HOSTILE)
        folder = self._find(entry.path[:-1])
        if folder is None or folder.children is None or name not in folder.children:
            return
        if folder.children[name].touched == layer:
            # "Whiteouts apply to lower layers": what this layer brings stays, whatever the order in its tar.
            _keep_what_is_of(layer, folder.children[name])
        else:
            del folder.children[name]

    def _resolve(self, path: Sequence[str]) -> tuple[list[tuple[str, Node]], list[str], bool]:
        """Names and nodes from the root to the last that exists, the names that do not, and whether all that was passed
        exists: `..` after a name that does not takes that name away, as in the engines.
        """
        trail: list[tuple[str, Node]] = [("", self.root)]
        missing: list[str] = []
        ahead = list(reversed(path))
        symlinks, strict = 0, True
        while ahead:
            name = ahead.pop()
            if name in ("", "."):
                continue
            if name == "..":
                strict = strict and not missing
                _go_up(trail, missing)
                continue
            children = trail[-1][1].children
            if children is None:
                raise NotAFolder(trail)
            child = None if missing else children.get(name)
            if child is None:
                missing.append(name)
                continue
            if child.inode.kind is not Kind.SYMLINK:
                trail.append((name, child))
                continue
            symlinks += 1
            if symlinks > SYMLINKS_MAX:
                raise TooManySymlinks
            assert child.inode.entry is not None
            target = child.inode.entry.target
            if target.startswith("/"):
                del trail[1:]
            ahead.extend(reversed(target.split("/")))
        return trail, missing, strict


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """The node and all below it, folders before what is in them, names in order."""
    ahead = [(path, node)]
    while ahead:
        path, node = ahead.pop()
        yield path, node
        children = sorted((node.children or {}).items(), key=itemgetter(0), reverse=True)
        ahead.extend(((*path, name), child) for name, child in children)


def _go_up(trail: list[tuple[str, Node]], missing: list[str]) -> None:
    """`..` of the root is the root."""
    if missing:
        missing.pop()
    elif len(trail) > 1:
        trail.pop()


def _keep_what_is_of(layer: int, folder: Node) -> None:
    """Takes away what lower layers brought, below `folder`."""
    ahead = [folder]
    while ahead:
        node = ahead.pop()
        if node.children is not None:
            node.children = {name: child for name, child in node.children.items() if child.touched == layer}
            ahead.extend(node.children.values())
