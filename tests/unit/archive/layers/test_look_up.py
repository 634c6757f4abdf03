"""Finding a file from the topmost layer downwards."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dget.archive.layers import Kind, LayerReader, NotAFolder, TooManySymlinks, find_file
from dget.errors import DgetError, NotFound
from dget.flow import Cancel
from tests.parts.any_layers import PATHS, TARGETS, any_layers
from tests.parts.trees import LayerMaker, MemoryLayers, hard_layers


def found(layers: MemoryLayers, path: str) -> tuple[str, int, int]:
    one = find_file(LayerReader(layers, Cancel()), path)
    assert one.entry is not None
    return "/".join(one.path), one.layer, one.entry.place


def memory(*makers: LayerMaker) -> MemoryLayers:
    return MemoryLayers([maker.done() for maker in makers])


def test_layers_below_the_one_that_has_it_are_not_opened():
    layers = memory(LayerMaker().folder("a").add("a/x"), LayerMaker().folder("a").add("a/x"), LayerMaker().add("y"))
    assert found(layers, "/a/x") == ("a/x", 1, 1)
    assert set(layers.opened) == {1, 2}


@pytest.mark.parametrize("hiding", ["a/.wh.x", "a/.wh..wh..opq", ".wh.a", "a"])
def test_a_whiteout_ends_the_search(hiding):
    upper = LayerMaker()
    if "/" in hiding:
        upper.folder("a")
    layers = memory(LayerMaker().folder("a").add("a/x"), upper.add(hiding))
    with pytest.raises(NotFound):
        found(layers, "a/x")
    assert set(layers.opened) == {1}


def test_symlinks_are_followed_across_layers_and_never_out_of_the_image():
    layers = memory(
        LayerMaker().folder("usr").folder("usr/lib").add("usr/lib/x"),
        LayerMaker().symlink("lib", "../../../usr/lib").symlink("all", "/lib/x").symlink("round", "round"),
    )
    assert found(layers, "all") == ("usr/lib/x", 0, 2)
    assert found(layers, "lib/../../../lib/./x") == ("usr/lib/x", 0, 2)
    with pytest.raises(NotFound, match="circle"):
        found(layers, "round")
    with pytest.raises(NotFound):
        found(layers, "lib/x/y")


def test_a_hard_link_is_the_file_that_it_names():
    layers = memory(LayerMaker().add("one"), LayerMaker().add("two").hardlink("three", "two").hardlink("four", "one"))
    assert found(layers, "three") == ("three", 1, 0)
    assert found(layers, "four") == ("four", 0, 0)


def test_an_entry_whose_folder_is_a_symlink_below_is_found_where_engines_put_it():
    layers = memory(LayerMaker().folder("usr").symlink("lib", "usr"), LayerMaker().add("lib/x"))
    assert found(layers, "usr/x") == found(layers, "lib/x") == ("usr/x", 1, 0)


def same_by_the_tree(made: list[bytes], path: str) -> None:
    layers = LayerReader(MemoryLayers(made), Cancel())
    try:
        tree = layers.merge()
    except DgetError:
        return
    try:
        located = tree.locate(path.split("/"))
    except (NotAFolder, TooManySymlinks):
        located = None
    if located is None:
        with pytest.raises(NotFound):
            find_file(layers, path)
        return
    real, node = located
    one = find_file(layers, path)
    assert (one.kind, one.path) == (node.inode.kind, real)
    if one.kind is not Kind.DIRECTORY:
        assert (one.entry, one.layer) == (node.inode.entry, node.inode.layer)


@pytest.mark.parametrize("path", ["etc/passwd", "gone/a", "gone/again", "opaque/old", "opaque/new", "turns/x", "becomes",
                                  "becomes/y", "shared", "shared2", "shared3", "lib/through", "usr/lib/libc", "back/keep",
                                  "link-to-link/noted2", "implicit/later", "a/b/c/deep", "pipe", "dangling", "/", "nothing"])  # fmt: skip
def test_it_finds_what_the_whole_tree_has_in_the_hard_layers(path):
    same_by_the_tree(hard_layers(), path)


@settings(max_examples=400, deadline=None)
@given(made=any_layers(), path=st.one_of(PATHS, TARGETS))
def test_it_finds_what_the_whole_tree_has(made, path):
    same_by_the_tree(made, path)
