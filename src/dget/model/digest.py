"""The name of bytes: `sha256:…`."""

import hashlib
import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from hashlib import _Hash

_HEX_LENGTH = {"sha256": 64, "sha512": 128}
_SHAPE = re.compile(r"([a-z0-9]+):([0-9a-f]+)")


class Digest:
    """An algorithm and the hexadecimal hash it gives. A value: equal ones compare and hash alike.

    Raises ValueError unless it is a registered one of the right length.
    Source: OCI image specification, descriptor.md, "Digests".
    """

    # No struct: msgspec would read one as a JSON object, and never ask our decoding hook.
    __slots__ = ("algorithm", "hex")

    def __init__(self, algorithm: str, hexadecimal: str) -> None:
        self.algorithm = algorithm
        self.hex = hexadecimal
        if _HEX_LENGTH.get(algorithm) != len(hexadecimal) or not _SHAPE.fullmatch(str(self)):
            raise ValueError(f"not a sha256 or sha512 digest: {str(self)[:150]!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and (self.algorithm, self.hex) == (other.algorithm, other.hex)

    def __hash__(self) -> int:
        return hash(self.hex)

    def __repr__(self) -> str:
        return f"Digest({str(self)!r})"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError where `text` is not a digest."""
        algorithm, _, hexadecimal = text.partition(":")
        return cls(algorithm, hexadecimal)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Self:
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    def hasher(self) -> "_Hash":
        """A new hash object of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    @property
    def short(self) -> str:
        """The first 12 digits, as engines show it."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"
