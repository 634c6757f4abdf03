"""What a registry answered, kept byte for byte, with the value it holds as a view."""

import json
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


class Document(msgspec.Struct, Generic[T], frozen=True, kw_only=True, dict=True):
    """Bytes and their descriptor; never re-serialised. `value` raises Unsupported where they cannot be read."""

    raw: bytes
    descriptor: Descriptor
    kind: type[T]

    @cached_property
    def value(self) -> T:
        return decode(self.raw, self.kind)


_ABSENT = msgspec.Raw()


class _Shape(msgspec.Struct, rename="camel"):
    """The fields that tell what kind of manifest this is."""

    media_type: str = ""
    manifests: msgspec.Raw = _ABSENT
    config: msgspec.Raw = _ABSENT
    layers: msgspec.Raw = _ABSENT
    fs_layers: msgspec.Raw = _ABSENT

    def has(self, field: str) -> bool:
        return bytes(getattr(self, field)) not in (b"", b"null")


class OldManifest(Unsupported):
    """A manifest of Docker's schema 1, which must be converted before it can be used. raw: as the registry gave it."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(
            "this image is stored in Docker's old schema 1 format",
            hint="pull it from its registry, or ask its publisher to push it again with a newer Docker",
        )
        self.raw = raw


def is_schema1(raw: bytes) -> bool:
    """By the fields present. Raises Unsupported for what is no document."""
    return decode(raw, _Shape).has("fs_layers")


def read_manifest(raw: bytes, *, declared: str = "") -> Document[Manifest] | Document[Index]:
    """Decides by the fields present: `Content-Type` (declared) may lie, and `mediaType` inside may be missing.

    Raises OldManifest for schema 1, Unsupported for other documents and for one that could be read in two ways: as both kinds
    (GHSA-77vh-xpmg-72qh), or with a name twice, of which some readers take the first and some the last.
    """
    shape = decode(raw, _Shape)
    _refuse_doubled_names(raw)
    if shape.has("fs_layers"):
        raise OldManifest(raw)
    is_index = shape.has("manifests")
    is_manifest = shape.has("config") or shape.has("layers")
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


def _refuse_doubled_names(raw: bytes) -> None:
    def check(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            doubled = next(name for name in names if names.count(name) > 1)
            raise Unsupported(f"a manifest of this image has {doubled[:40]!r} twice in one place: refused")

    try:
        # Numbers and objects stay unread: this is about names.
        json.loads(
            raw.decode("utf-8", "replace"), object_pairs_hook=check, parse_int=str, parse_float=str, parse_constant=str
        )
    except (ValueError, RecursionError) as error:
        raise Unsupported(f"a document of this image cannot be read: {error}") from error


def _decode_own_type(kind: type, value: Any) -> object:
    if kind is Digest and isinstance(value, str):
        return Digest.parse(value)
    raise TypeError(f"expected a {kind.__name__}")
