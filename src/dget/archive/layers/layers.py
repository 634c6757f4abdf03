"""An image's layers, as they can be read: again and again, each whole and verified."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from dget.archive.layers.entry import Entry
from dget.archive.layers.layer_tar import LayerTar
from dget.archive.layers.tree import Tree
from dget.flow import Cancel

_CHECK_EVERY = 256


class Layers(Protocol):
    """Counted from the base, which is 0."""

    def __len__(self) -> int: ...

    def label(self, layer: int) -> str:
        """Names it in errors."""
        ...

    def fetch(self, layers: Iterable[int]) -> None:
        """All of these are about to be opened: those that are not at hand may come together. Raises DgetError."""
        ...

    def open(self, layer: int) -> BinaryIO:
        """Its bytes as the registry has them, from the first one on; they matched their digest.

        Raises DgetError. It may take as long as fetching it takes.
        """
        ...


class LayerReader:
    """Layers with a Cancel: a large or hostile one takes a while."""

    def __init__(self, layers: Layers, cancel: Cancel) -> None:
        self._layers = layers
        self._cancel = cancel

    def __len__(self) -> int:
        return len(self._layers)

    def fetch(self, layers: Iterable[int]) -> None:
        """As Layers.fetch."""
        self._layers.fetch(layers)

    @contextmanager
    def open(self, layer: int) -> Iterator["OpenLayer"]:
        """Raises DgetError, Cancelled."""
        with self._layers.open(layer) as file:
            yield OpenLayer(LayerTar(file, self._layers.label(layer)), self._cancel)

    def merge(self) -> Tree:
        """The tree of all layers. Raises IntegrityError, Unsupported, Cancelled."""
        self._layers.fetch(range(len(self._layers)))
        tree = Tree()
        for number in range(len(self._layers)):
            with self.open(number) as layer:
                for entry in layer:
                    tree.apply(number, entry)
        return tree


class OpenLayer:
    """One layer's tar, read once."""

    def __init__(self, tar: LayerTar, cancel: Cancel) -> None:
        self._tar = tar
        self._cancel = cancel

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._tar:
            if entry.place % _CHECK_EVERY == 0:
                self._cancel.check()
            yield entry

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """Of the entry that was given last: where bytes stand, and the bytes; zeros lie between."""
        for at, data in self._tar.contents():
            self._cancel.check()
            yield at, data
