"""Structs that hold secrets, and do not show them."""

from typing import Any, ClassVar


class Discreet:
    """Mixed into a struct, it keeps the fields `secrets` out of what `repr` and rich print of it."""

    __slots__ = ()
    __struct_fields__: ClassVar[tuple[str, ...]]
    secrets: ClassVar[frozenset[str]]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in self.secrets]
