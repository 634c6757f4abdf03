"""Docker's old manifests, schema 1, and what they become in schema 2.

A schema 1 manifest lists layers topmost first, each with a piece of history; the first piece holds the configuration.
It tells neither the layers' sizes nor what they unpack to: that must be found out before it can be converted.
Sources: distribution, docs/spec/manifest-v2-1.md; moby, image/v1/imagev1.go and distribution/pull_v2.go.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dget.errors import Unsupported
from dget.model import Digest
from dget.model import media_type as kinds
from dget.model.document import decode

_ID = r"[0-9a-f]{64}"
# Fields of the old configuration that have no place in the new one.
_DROPPED = frozenset(("id", "parent", "parent_id", "layer_id", "throwaway", "Size"))
_LAYERS_MAX = 1000


class UnpackedLayer(msgspec.Struct, frozen=True, kw_only=True):
    """size: bytes of the blob; diff_id: of the tar that it unpacks to; media_type: by how it is packed."""

    digest: Digest
    size: int
    diff_id: Digest
    media_type: str = kinds.DOCKER_LAYER_GZIP


class Schema1(msgspec.Struct, frozen=True, kw_only=True):
    """An old manifest, read and checked.

    digest: what registries call it; layers: the base first, without those that hold nothing; config: the fields of the
    configuration; history: the base first.
    """

    digest: Digest
    layers: tuple[Digest, ...]
    config: Mapping[str, msgspec.Raw]
    history: tuple[Mapping[str, Any], ...]
    architecture: str


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """The documents of schema 2, as bytes."""

    manifest: bytes
    config: bytes


class _FsLayer(msgspec.Struct, rename="camel"):
    blob_sum: Digest


class _History(msgspec.Struct):
    v1_compatibility: str = msgspec.field(name="v1Compatibility")


class _Manifest(msgspec.Struct, rename="camel"):
    schema_version: int
    fs_layers: tuple[_FsLayer, ...]
    history: tuple[_History, ...]
    architecture: str = ""


class _Signature(msgspec.Struct):
    protected: str


class _Signed(msgspec.Struct):
    signatures: tuple[_Signature, ...] = ()


class _Protected(msgspec.Struct, rename="camel"):
    format_length: int
    format_tail: str


class _ContainerConfig(msgspec.Struct, rename="pascal"):
    cmd: tuple[str, ...] | str | None = None


class _Compatibility(msgspec.Struct):
    """What of a piece of history is needed. Null stands where Docker had nothing to say."""

    id: str
    parent: str | None = None
    created: str | None = None
    author: str | None = None
    comment: str | None = None
    throwaway: bool | None = None
    container_config: _ContainerConfig | None = None


class _Fields(msgspec.Struct):
    fields: dict[str, msgspec.Raw]


def payload_of(raw: bytes) -> bytes:
    """What of a manifest its digest is of: all, or without the signatures where it is signed.

    Nothing but this may be read as the manifest. Source: manifest-v2-1.md, "Signed Manifests" (JSON Web Signature).
    Raises Unsupported where the signatures do not say what they sign.
    """
    signatures = decode(raw, _Signed).signatures
    if not signatures:
        return raw
    try:
        protected = {
            (found.format_length, found.format_tail)
            for found in (decode(_base64(one.protected), _Protected) for one in signatures)
        }
        (length, tail), *others = protected
        signed = raw[:length] + _base64(tail)
    except (binascii.Error, ValueError) as error:
        raise Unsupported("the signatures of this old manifest cannot be read") from error
    if others or not 0 < length < len(raw):
        raise Unsupported("the signatures of this old manifest do not say what they sign")
    return signed


def read_schema1(raw: bytes) -> Schema1:
    """Raises Unsupported for what is no schema 1 manifest, or one whose parts do not fit together."""
    payload = payload_of(raw)
    manifest = decode(payload, _Manifest)
    if manifest.schema_version != 1:
        raise Unsupported(f"a manifest of schema {manifest.schema_version} has the form of schema 1")
    if not 0 < len(manifest.fs_layers) == len(manifest.history) <= _LAYERS_MAX:
        raise Unsupported("this old manifest has not as many pieces of history as layers")
    texts = [piece.v1_compatibility.encode() for piece in manifest.history]
    pieces = [decode(text, _Compatibility) for text in texts]
    kept = _without_repetition(pieces)
    base_first = [(pieces[place], manifest.fs_layers[place].blob_sum) for place in reversed(kept)]
    return Schema1(
        digest=Digest.of(payload),
        layers=tuple(blob for piece, blob in base_first if not piece.throwaway),
        config=decode(b'{"fields":%s}' % texts[0], _Fields).fields,
        history=tuple(_history(piece) for piece, _ in base_first),
        architecture=manifest.architecture,
    )


def to_schema2(old: Schema1, unpacked: Mapping[Digest, UnpackedLayer]) -> Converted:
    """unpacked: what was found out of every layer. The same input gives the same bytes."""
    layers = [unpacked[digest] for digest in old.layers]
    fields: dict[str, object] = {
        "os": "linux",
        **({"architecture": old.architecture} if old.architecture else {}),
        **{name: value for name, value in old.config.items() if name not in _DROPPED},
        "history": old.history,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
    }
    config = msgspec.json.encode(dict(sorted(fields.items())), enc_hook=str)
    manifest = {
        "schemaVersion": 2,
        "mediaType": kinds.DOCKER_MANIFEST,
        "config": _descriptor(kinds.DOCKER_CONFIG, Digest.of(config), len(config)),
        "layers": [_descriptor(layer.media_type, layer.digest, layer.size) for layer in layers],
    }
    return Converted(manifest=msgspec.json.encode(manifest, enc_hook=str), config=config)


def _without_repetition(pieces: Sequence[_Compatibility]) -> list[int]:
    """The places of the pieces that count, topmost first: of equal ones in a row the lowest alone.

    Raises Unsupported unless each is the child of the one below it.
    """
    for piece in pieces:
        if not re.fullmatch(_ID, piece.id):
            raise Unsupported(f"this old manifest has a layer with an invalid id: {piece.id[:80]!r}")
    kept = [place for place, piece in enumerate(pieces) if place + 1 == len(pieces) or piece.id != pieces[place + 1].id]
    if len({pieces[place].id for place in kept}) != len(kept):
        raise Unsupported("this old manifest has a layer that is its own ancestor")
    below = [*kept[1:], None]
    for place, lower in zip(kept, below, strict=True):
        if (pieces[place].parent or "") != ("" if lower is None else pieces[lower].id):
            raise Unsupported("this old manifest has a layer that does not stand on the one below it")
    return kept


def _history(piece: _Compatibility) -> dict[str, Any]:
    command = piece.container_config.cmd if piece.container_config else None
    told = {
        "created": piece.created,
        "author": piece.author,
        "created_by": command if isinstance(command, str) else " ".join(command or ()),
        "comment": piece.comment,
        "empty_layer": piece.throwaway,
    }
    return {name: value for name, value in told.items() if value}


def _descriptor(media_type: str, digest: Digest, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "size": size, "digest": digest}


def _base64(text: str) -> bytes:
    """Of the kind for URLs, without its padding. Raises ValueError."""
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
