"""What points at bytes: their media type, digest and size."""

from typing import Annotated

import msgspec

from dget.model.digest import Digest
from dget.model.platform import Platform


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Source: OCI image specification, descriptor.md. size: bytes."""

    media_type: str = ""
    digest: Digest
    size: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    urls: tuple[str, ...] | None = None
    annotations: dict[str, str] | None = None
    platform: Platform | None = None
    artifact_type: str | None = None

    def annotation(self, key: str) -> str | None:
        return (self.annotations or {}).get(key)
