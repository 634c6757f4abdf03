"""What layers make together."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dget.archive.layers.entry import Entry, Kind, Path, clean_path
from dget.archive.layers.tree import Node, NotAFolder, TooManySymlinks, Tree, walk
from dget.errors import Unsupported


def entry(name: str, kind: Kind = Kind.FILE, *, target: str = "", place: int = 0, mode: int = 0o644) -> Entry:
    return Entry(place=place, path=clean_path(name), kind=kind, target=target, mode=mode)


def folder(name: str, mode: int = 0o755) -> Entry:
    return entry(name, Kind.DIRECTORY, mode=mode)


def symlink(name: str, target: str) -> Entry:
    return entry(name, Kind.SYMLINK, target=target)


def hardlink(name: str, target: str) -> Entry:
    return entry(name, Kind.HARDLINK, target=target)


def merged(*layers: list[Entry]) -> Tree:
    tree = Tree()
    for number, entries in enumerate(layers):
        for one in entries:
            tree.apply(number, one)
    return tree


def names(tree: Tree) -> list[str]:
    return ["/".join(path) for path, _ in walk(tree.root) if path]


def node_at(tree: Tree, path: str) -> Node:
    return {"/".join(parts): node for parts, node in walk(tree.root)}[path]


def entry_at(tree: Tree, path: str) -> Entry:
    entry = node_at(tree, path).inode.entry
    assert entry is not None
    return entry


def test_a_whiteout_takes_away_what_lower_layers_brought():
    tree = merged(
        [folder("a"), entry("a/b"), entry("a/c"), folder("d"), entry("d/e")], [entry("a/.wh.b"), entry(".wh.d")]
    )
    assert names(tree) == ["a", "a/c"]


@pytest.mark.parametrize("whiteout_first", [True, False])
def test_a_whiteout_leaves_what_its_own_layer_brings(whiteout_first):
    upper = [entry("a/.wh..wh..opq"), folder("a"), entry("a/new"), entry(".wh.b"), folder("b"), entry("b/new")]
    lower = [folder("a"), entry("a/old"), folder("b"), folder("b/old"), entry("b/old/x")]
    tree = merged(lower, upper if whiteout_first else upper[::-1])
    assert names(tree) == ["a", "a/new", "b", "b/new"]


def test_an_opaque_folder_hides_all_below_it_and_stays_itself():
    tree = merged([folder("a", 0o700), folder("a/b"), entry("a/b/c")], [entry("a/.wh..wh..opq")])
    assert names(tree) == ["a"]
    assert entry_at(tree, "a").mode == 0o700


def test_a_file_replaces_a_folder_and_the_reverse():
    lower = [folder("a"), entry("a/x"), entry("b")]
    assert names(merged(lower, [entry("a"), folder("b"), entry("b/y")])) == ["a", "b", "b/y"]


def test_a_folder_over_a_folder_changes_its_mode_and_keeps_its_files():
    tree = merged([folder("a", 0o700), entry("a/x")], [folder("a", 0o755)])
    assert names(tree) == ["a", "a/x"]
    assert entry_at(tree, "a").mode == 0o755


def test_a_folder_replaces_a_symlink():
    tree = merged([folder("usr"), entry("usr/x"), symlink("lib", "usr")], [folder("lib")])
    assert names(tree) == ["lib", "usr", "usr/x"]
    assert node_at(tree, "lib").inode.kind is Kind.DIRECTORY


def test_symlinks_in_an_entrys_folder_are_followed_within_the_image():
    lower = [symlink("lib", "../../usr/lib"), symlink("abs", "/usr"), folder("usr")]
    tree = merged(lower, [entry("lib/x"), entry("abs/lib/y"), entry("lib/.wh.x")])
    assert names(tree) == ["abs", "lib", "usr", "usr/lib", "usr/lib/x", "usr/lib/y"]


def test_a_whiteout_reaches_through_a_symlink():
    tree = merged([folder("usr"), entry("usr/x"), symlink("lib", "usr")], [entry("lib/.wh.x")])
    assert names(tree) == ["lib", "usr"]


def test_names_of_one_file_survive_the_loss_of_another_and_of_its_folder():
    tree = merged(
        [folder("a"), entry("a/one", place=1), hardlink("two", "a/one")], [entry(".wh.a"), hardlink("three", "/two")]
    )
    assert names(tree) == ["three", "two"]
    one, two = (node_at(tree, name).inode for name in ("two", "three"))
    assert one is two
    assert (one.layer, entry_at(tree, "two").place) == (0, 1)


def test_replacing_one_name_leaves_the_other():
    tree = merged([entry("a", mode=0o600), hardlink("b", "a")], [entry("a", mode=0o644)])
    assert entry_at(tree, "b").mode == 0o600


def test_a_hard_link_may_name_a_symlink_itself():
    tree = merged([symlink("a", "nowhere"), hardlink("b", "a")])
    assert node_at(tree, "b").inode.kind is Kind.SYMLINK


def test_a_file_of_a_lower_layer_gives_way_to_a_folder_without_an_entry():
    assert names(merged([entry("a")], [entry("a/b/c")])) == ["a", "a/b", "a/b/c"]


@pytest.mark.parametrize(
    "entries",
    [
        [hardlink("a", "missing")],
        [folder("d"), hardlink("a", "d")],
        [hardlink("a", "/")],
        [hardlink("a", "../../etc/shadow")],
        [symlink("s", "s"), hardlink("a", "s/x")],
        [entry("a"), entry("a/b")],
        [symlink("a", "b"), symlink("b", "a"), entry("a/x")],
        [entry("")],
        [symlink("/", "/etc")],
        [entry("a/.wh.")],
        [entry("a/.wh...")],
        [entry(".wh..")],
    ],
)
def test_what_no_builder_makes_is_refused(entries):
    with pytest.raises(Unsupported):
        merged(entries)


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "/../x", "a\0b", "x" * 256, "/".join(["d" * 200] * 21)])
def test_a_name_that_leaves_the_image_or_is_none_is_refused(name):
    with pytest.raises(Unsupported):
        clean_path(name)


@pytest.mark.parametrize("name", ["./a/b", "/a/b", "a//b/", "a/./b", "x/../a/b", "//a/b/."])
def test_a_name_is_what_remains_when_it_is_cleaned(name):
    assert clean_path(name) == ("a", "b")


def test_aufs_bookkeeping_is_no_file():
    assert names(merged([folder(".wh..wh.plnk"), entry(".wh..wh.aufs")])) == []


def test_symlinks_are_found_within_the_root_alone():
    tree = merged(
        [folder("a"), entry("a/x"), symlink("up", "../../../../a"), symlink("loop", "loop"), symlink("f", "a/x")]
    )
    file = node_at(tree, "a/x")
    assert tree.locate(["up", "x"]) == tree.locate(["f"]) == (("a", "x"), file)
    assert tree.locate(["up", "..", ""]) == ((), tree.root)
    assert tree.locate(["nothing"]) is None
    assert tree.locate(["nothing", ".."]) is None
    with pytest.raises(TooManySymlinks):
        tree.locate(["loop"])
    with pytest.raises(NotAFolder):
        tree.locate(["f", "x"])


@pytest.mark.parametrize(("limit", "largest"), [("_ENTRIES_MAX", 3), ("_METADATA_MAX", 220)])
def test_too_many_files_or_names_are_refused(monkeypatch, limit, largest):
    monkeypatch.setattr(f"dget.archive.layers.budget.{limit}", largest)
    merged([entry(name) for name in "abc"])
    with pytest.raises(Unsupported, match="the image has more than"):
        merged([entry(name) for name in "abcd"])


# The naive model: a whole map of paths is made for each layer, by the words of the specification, without any tree.


@dataclass
class Model:
    files: dict[Path, tuple[int, Entry]] = field(default_factory=dict)

    def apply(self, layer: int, entries: list[Entry]) -> None:
        """Whiteouts act on what was there before; then come the layer's own entries, in order."""
        for one in entries:
            path = one.path
            if path[-1] == ".wh..wh..opq":
                self._remove(lambda other, at=path[:-1]: other[: len(at)] == at and other != at)
            elif path[-1].startswith(".wh."):
                gone = (*path[:-1], path[-1][4:])
                self._remove(lambda other, gone=gone: other[: len(gone)] == gone)
        for one in entries:
            if one.path[-1].startswith(".wh."):
                continue
            here = self.files.get(one.path)
            if one.kind is not Kind.DIRECTORY or (here and here[1].kind is not Kind.DIRECTORY):
                self._remove(lambda other, at=one.path: other[: len(at)] == at)
            for length in range(1, len(one.path)):
                parent = one.path[:length]
                if parent not in self.files or self.files[parent][1].kind is not Kind.DIRECTORY:
                    self.files[parent] = (-1, Entry(place=-1, path=parent, kind=Kind.DIRECTORY))
            self.files[one.path] = (layer, one)

    def _remove(self, gone) -> None:
        self.files = {path: file for path, file in self.files.items() if not gone(path)}


NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)


@st.composite
def layers(draw) -> list[list[Entry]]:
    """Layers as builders make them: each path once, nothing below one of the layer's own files; in any order."""
    made = []
    for _ in range(draw(st.integers(1, 4))):
        kinds = draw(st.dictionaries(PATHS, st.sampled_from(["file", "directory", "whiteout", "opaque"]), max_size=8))
        files = [path for path, kind in kinds.items() if kind == "file"]
        entries: list[Entry] = []
        for path, kind in kinds.items():
            if any(path != file and path[: len(file)] == file for file in files):
                continue
            if kind == "whiteout":
                path = (*path[:-1], f".wh.{path[-1]}")  # noqa: PLW2901
            elif kind == "opaque":
                path = (*path, ".wh..wh..opq")  # noqa: PLW2901
            shape = Kind.DIRECTORY if kind == "directory" else Kind.FILE
            entries.append(Entry(place=len(entries), path=path, kind=shape, mode=draw(st.integers(0, 0o777))))
        made.append(draw(st.permutations(entries)))
    return made


@settings(max_examples=300, deadline=None)
@given(layers())
def test_layers_make_what_the_naive_model_makes(made):
    model = Model()
    tree = Tree()
    for number, entries in enumerate(made):
        model.apply(number, entries)
        for one in entries:
            tree.apply(number, one)
    found = {path: node.inode for path, node in walk(tree.root) if path}
    assert {path: inode.kind for path, inode in found.items()} == {
        path: one.kind for path, (_, one) in model.files.items()
    }
    for path, (number, one) in model.files.items():
        if number >= 0:
            assert (found[path].layer, found[path].entry) == (number, one)
