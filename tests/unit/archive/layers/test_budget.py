"""Small layers that would take much memory."""

import tracemalloc
from collections.abc import Iterator

import pytest

from dget.archive.layers import LayerReader, find_file
from dget.archive.layers.entry import Entry, Kind
from dget.archive.layers.tree import Tree, walk
from dget.archive.layers.unpack import Plan
from dget.errors import Unsupported
from dget.flow import Cancel
from tests.parts.trees import LayerMaker, MemoryLayers

MIB = 1 << 20


@pytest.fixture
def limit(monkeypatch) -> int:
    """Bytes that an image's names may take here."""
    monkeypatch.setattr("dget.archive.layers.budget._METADATA_MAX", 8 * MIB)
    return 8 * MIB


def deep(part: str) -> Iterator[Entry]:
    """Each in folders of its own, as many as a path can name."""
    for number in range(200):
        yield Entry(place=number, path=(str(number), *[part] * (4000 // (len(part) + 1))), kind=Kind.FILE)


def deep_by_symlinks() -> Iterator[Entry]:
    """Each name is short and lies deep, for its folder is a symlink."""
    yield Entry(place=0, path=("a",) * 2000, kind=Kind.DIRECTORY)
    yield Entry(place=1, path=("l",), kind=Kind.SYMLINK, target="a/" * 2000)
    for number in range(2, 2000):
        yield Entry(place=number, path=("l", str(number)), kind=Kind.FILE)


def with_long_owners() -> Iterator[Entry]:
    for number in range(100):
        yield Entry(place=number, path=(str(number),), kind=Kind.FILE, user="u" * 100_000, group="g" * 100_000)


def with_many_attributes() -> Iterator[Entry]:
    for number in range(200):
        attributes = tuple((f"{number}.{one}", b"%d" % (one % 1000 + 1000)) for one in range(4000))
        yield Entry(place=number, path=(str(number),), kind=Kind.FILE, xattrs=attributes)


def symlinks_upon_symlinks() -> Iterator[Entry]:
    folder: tuple[str, ...] = ()
    for number in range(30):
        folder = (*folder, *[f"d{number}"] * 100)
        yield Entry(place=number, path=folder, kind=Kind.DIRECTORY)
        yield Entry(place=number, path=(f"l{number}",), kind=Kind.SYMLINK, target="/".join(folder))
        folder = (f"l{number}",)


def apply_all(tree: Tree, entries: Iterator[Entry]) -> None:
    for entry in entries:
        tree.apply(0, entry)


@pytest.mark.parametrize(
    "entries", [deep("a"), deep("ab"), deep_by_symlinks(), with_long_owners(), with_many_attributes()]
)
def test_a_tree_takes_no_more_memory_than_is_counted(limit, entries):
    tree = Tree()
    tracemalloc.start()
    try:
        with pytest.raises(Unsupported, match="more than"):
            apply_all(tree, entries)
        # What a listing or unpacking makes of it.
        made = Plan.of(tree.root), list(walk(tree.root))
        assert made[1]
        assert tracemalloc.get_traced_memory()[1] < 3 * limit
    finally:
        tracemalloc.stop()


def layer_of_deep_folders() -> bytes:
    maker = LayerMaker()
    for number in range(10):
        maker.add(f"{number}/" + "a/" * 2000 + "f")
    return maker.done()


def layer_of_many_attributes() -> bytes:
    maker = LayerMaker()
    for number in range(30):
        maker.add(f"f{number}", xattrs={f"{one}": b"1" for one in range(5000)})
    return maker.done()


@pytest.mark.parametrize("layer", [layer_of_deep_folders, layer_of_many_attributes])
def test_looking_for_a_file_takes_no_more_memory_than_is_counted(limit, layer):
    layers = MemoryLayers([layer()])
    tracemalloc.start()
    try:
        with pytest.raises(Unsupported, match="more than"):
            find_file(LayerReader(layers, Cancel()), "nothing")
        assert tracemalloc.get_traced_memory()[1] < 3 * limit
    finally:
        tracemalloc.stop()


def test_symlinks_upon_symlinks_lead_no_deeper_than_a_path_may_be():
    with pytest.raises(Unsupported, match="too deep"):
        apply_all(Tree(), symlinks_upon_symlinks())
