"""Packages whose names load on first use (PEP 562), so that a command pays for what it does alone."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def on_first_use(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The package's `__getattr__`.

    names: those of each module, which is written as `import_module` takes it: `.blobs` is one of the package's own. None
    may be that of a module of the package, which would stand in its place.
    """
    homes = {name: module for module, offered in names.items() for name in offered}

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name], package), name)

    return load
