"""Layers: their tars, the tree that they make together, and the files in it."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.archive.layers.copy_out import copy_file, send_file
    from dget.archive.layers.entry import Entry, Kind, clean_path
    from dget.archive.layers.layers import LayerReader, Layers
    from dget.archive.layers.look_up import Found, find_file, no_such_file
    from dget.archive.layers.rootfs import write_folder, write_rootfs_folder, write_rootfs_tar
    from dget.archive.layers.tree import OPAQUE, WHITEOUT, Node, NotAFolder, TooManySymlinks, Tree, walk
    from dget.archive.layers.unpack import Plan

__all__ = [
    "OPAQUE",
    "WHITEOUT",
    "Entry",
    "Found",
    "Kind",
    "LayerReader",
    "Layers",
    "Node",
    "NotAFolder",
    "Plan",
    "TooManySymlinks",
    "Tree",
    "clean_path",
    "copy_file",
    "find_file",
    "no_such_file",
    "send_file",
    "walk",
    "write_folder",
    "write_rootfs_folder",
    "write_rootfs_tar",
]

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".copy_out": ["copy_file", "send_file"],
            ".entry": ["Entry", "Kind", "clean_path"],
            ".layers": ["LayerReader", "Layers"],
            ".look_up": ["Found", "find_file", "no_such_file"],
            ".rootfs": ["write_folder", "write_rootfs_folder", "write_rootfs_tar"],
            ".tree": ["Node", "NotAFolder", "OPAQUE", "TooManySymlinks", "Tree", "WHITEOUT", "walk"],
            ".unpack": ["Plan"],
        },
    )
