"""How much of an image's entries is kept in memory at most."""

from dget.archive.layers.entry import HOSTILE, Entry
from dget.errors import Unsupported

# Far above the largest images that there are; without bounds a few kilobytes of layer could take all memory.
_ENTRIES_MAX = 2_000_000
_METADATA_MAX = 512 << 20


class Budget:
    """Counts entries, and the bytes of their names, links and attributes."""

    def __init__(self) -> None:
        self._entries = 0
        self._metadata = 0

    def take(self, entry: Entry) -> None:
        """Raises Unsupported where it is too much."""
        self._entries += 1
        self._metadata += sum(map(len, entry.path)) + len(entry.target)
        self._metadata += sum(len(name) + len(value) for name, value in entry.xattrs)
        if self._entries > _ENTRIES_MAX or self._metadata > _METADATA_MAX:
            raise Unsupported(
                f"the image has more than {_ENTRIES_MAX:,} files, or names and attributes of more than "
                f"{_METADATA_MAX >> 20} MiB",
                hint=HOSTILE,
            )
