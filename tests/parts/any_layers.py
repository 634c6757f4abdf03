"""Layers of every kind that could be, for property tests."""

import tarfile

from hypothesis import strategies as st

from tests.parts.trees import LayerMaker

_NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_KINDS = st.sampled_from(["file", "file", "folder", "folder", "symlink", "hardlink", "whiteout", "opaque"])
TARGETS = st.lists(st.sampled_from(["a", "b", "c", "..", ""]), min_size=1, max_size=3).map("/".join)
_ENTRIES = st.lists(st.tuples(_KINDS, PATHS, TARGETS), max_size=6)


def _layer(entries: list[tuple[str, str, str]], number: int, *, complete: bool) -> bytes:
    maker = LayerMaker()
    folders = {"/".join(path.split("/")[:length]) for _, path, _ in entries for length in range(1, path.count("/") + 1)}
    for folder in sorted(folders) if complete else ():
        maker.folder(folder)
    for place, (kind, path, target) in enumerate(entries):
        folder, slash, name = path.rpartition("/")
        match kind:
            case "file":
                maker.add(path, mtime=str(number * 100 + place))
            case "folder":
                maker.folder(path, mtime=str(number * 100 + place))
            case "symlink":
                maker.symlink(path, target, mtime=str(number * 100 + place))
            case "hardlink":
                maker.hardlink(path, target.replace("..", "a"))
            case "whiteout":
                maker.add(f"{folder}{slash}.wh.{name}")
            case "opaque":
                maker.add(f"{path}/.wh..wh..opq", kind=tarfile.REGTYPE)
    return maker.done()


@st.composite
def any_layers(draw) -> list[bytes]:
    """Tars. Builders' layers have an entry of every folder that they write into; some of these have not."""
    count = draw(st.integers(1, 3))
    return [_layer(draw(_ENTRIES), number, complete=draw(st.booleans())) for number in range(count)]
