"""What a registry answered, kept byte for byte, with the value it holds as a view."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from dget.errors import Unsupported
from dget.model import media_type as kinds
from dget.model.descriptor import Descriptor
from dget.model.digest import Digest
from dget.model.image_config import ImageConfig
from dget.model.manifest import Index, Manifest

T = TypeVar("T", bound=msgspec.Struct, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Document(Generic[T]):
    """Bytes and their descriptor; never re-serialised. `value` raises Unsupported where they cannot be read."""

    raw: bytes
    descriptor: Descriptor
    kind: type[T]

    @cached_property
    def value(self) -> T:
        return decode(self.raw, self.kind)


class _Shape(msgspec.Struct, rename="camel"):
    """The fields that tell what kind of manifest this is."""

    media_type: str = ""
    manifests: Any = None
    config: Any = None
    layers: Any = None
    fs_layers: Any = None


def read_manifest(raw: bytes, *, declared: str = "") -> Document[Manifest] | Document[Index]:
    """Decides by the fields present: `Content-Type` (declared) may lie, and `mediaType` inside may be missing.

    Raises Unsupported for other documents, and for one that could be read as both kinds (GHSA-77vh-xpmg-72qh).
    """
    shape = decode(raw, _Shape)
    if shape.fs_layers is not None:
        raise Unsupported(
            "this image is stored in Docker's old schema 1 format, which dget cannot read yet",
            hint="ask its publisher to push it again with a newer Docker",
        )
    is_index = shape.manifests is not None
    is_manifest = shape.config is not None or shape.layers is not None
    if is_index == is_manifest:
        raise Unsupported("the registry's answer is neither an image manifest nor an index")
    media_type = shape.media_type or declared or (kinds.OCI_INDEX if is_index else kinds.OCI_MANIFEST)
    descriptor = Descriptor(media_type=media_type, digest=Digest.of(raw), size=len(raw))
    if is_index:
        return Document(raw=raw, descriptor=descriptor, kind=Index)
    return Document(raw=raw, descriptor=descriptor, kind=Manifest)


def read_config(raw: bytes, descriptor: Descriptor) -> Document[ImageConfig]:
    return Document(raw=raw, descriptor=descriptor, kind=ImageConfig)


def decode(raw: bytes, kind: type[T]) -> T:
    """Raises Unsupported where `raw` is not JSON of that shape."""
    try:
        return msgspec.json.decode(raw, type=kind, dec_hook=_decode_own_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unsupported(f"a document of this image cannot be read as {kind.__name__}: {error}") from error


def _decode_own_type(kind: type, value: Any) -> object:
    if kind is Digest and isinstance(value, str):
        return Digest.parse(value)
    raise TypeError(f"expected a {kind.__name__}")
