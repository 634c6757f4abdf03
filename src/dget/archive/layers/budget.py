"""How much of an image's entries is kept in memory at most."""

from dget.archive.layers.entry import HOSTILE, Entry
from dget.errors import Unsupported

# Far above the largest images that there are; without bounds a few kilobytes of layer could take all memory.
_ENTRIES_MAX = 2_000_000
_METADATA_MAX = 1 << 30
# What CPython takes for a part of a path beside its characters, and for a folder beside its path.
_PART = 58
_FOLDER = 400
# For an attribute, beside its name's characters and its value.
_ATTRIBUTE = 170
_POINTER = 8


class Budget:
    """Counts entries, and about the bytes of memory that what they say takes."""

    def __init__(self) -> None:
        self._entries = 0
        self._metadata = 0

    def take(self, entry: Entry) -> None:
        """Raises Unsupported where it is too much."""
        self._entries += 1
        self._metadata += _PART * len(entry.path) + sum(map(len, entry.path))
        self._metadata += len(entry.target) + len(entry.user) + len(entry.group)
        self._metadata += sum(_ATTRIBUTE + len(name) + len(value) for name, value in entry.xattrs)
        self._check()

    def take_path(self, depth: int) -> None:
        """So many names from the root down, symlinks followed. Raises Unsupported where it is too much."""
        self._metadata += _POINTER * depth
        self._check()

    def take_folder(self, depth: int) -> None:
        """One that an entry only passes through. Raises Unsupported where it is too much."""
        self._metadata += _FOLDER
        self.take_path(depth)

    def _check(self) -> None:
        if self._entries > _ENTRIES_MAX or self._metadata > _METADATA_MAX:
            raise Unsupported(
                f"the image has more than {_ENTRIES_MAX:,} files, or names and attributes of more than "
                f"{_METADATA_MAX >> 20} MiB",
                hint=HOSTILE,
            )
