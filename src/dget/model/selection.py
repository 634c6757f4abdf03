"""What of an image is wanted beside its platform."""

from enum import StrEnum
from typing import Self

import msgspec

from dget.errors import UsageError


class ForeignLayers(StrEnum):
    """What happens with layers that registries may not hand out themselves (Windows' bases)."""

    FETCH = "fetch"
    SKIP = "skip"
    REFUSE = "refuse"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises UsageError."""
        try:
            return cls(text)
        except ValueError:
            raise UsageError(f"there is no way {text!r} with foreign layers", hint="fetch, skip or refuse") from None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """attestations: those that builders put into the index; referrers: what refers to the image by `subject`, and what
    cosign keeps under tags of its own; referrer_types: of these artifact types alone, where any is named.
    """

    foreign_layers: ForeignLayers = ForeignLayers.FETCH
    attestations: bool = False
    referrers: bool = False
    referrer_types: tuple[str, ...] = ()

    @property
    def companions(self) -> bool:
        """Whether anything is wanted that only OCI formats hold."""
        return self.attestations or self.referrers
