"""The images of an OCI image layout, packed or in a folder.

Source: OCI image specification, image-layout.md; the names' annotations are containerd's and the specification's.
"""

from collections.abc import Sequence

import msgspec

from dget.archive.readers.file_image import MANIFEST_MAX, blob_place, read_verified
from dget.archive.readers.listed import Listed, Loaded, check_count, full_name, name_from_file
from dget.archive.readers.members import Members, read_document
from dget.errors import DamagedFile, Unsupported
from dget.model import Descriptor, Digest, Document, Index, Manifest, read_manifest
from dget.model.document import decode
from dget.model.manifest import is_attestation
from dget.model.media_type import OCI_INDEX

CONTAINERD_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"
_VERSION = "1.0.0"


class _Layout(msgspec.Struct, rename="camel"):
    image_layout_version: str = ""


def is_layout(members: Members) -> bool:
    return members.size_of("index.json") is not None and members.size_of("oci-layout") is not None


def images_in_layout(members: Members) -> list[Listed]:
    """Several platforms under one name are one image. Raises DamagedFile, Unsupported."""
    index = decode(_document(members, "index.json"), Index)
    check_count(members, len(index.manifests))
    version = decode(_document(members, "oci-layout"), _Layout).image_layout_version
    if version != _VERSION:
        raise Unsupported(f"{members.where} is an OCI layout of version {version or 'none'}: dget knows {_VERSION}")
    named: dict[str, list[Descriptor]] = {}
    nameless: list[Descriptor] = []
    for entry in index.manifests:
        if is_attestation(entry):
            continue
        if name := _name(entry):
            named.setdefault(name, []).append(entry)
        else:
            nameless.append(entry)
    # What has several names is listed once.
    by_digests: dict[tuple[Digest, ...], list[str]] = {}
    for name, entries in named.items():
        by_digests.setdefault(tuple(dict.fromkeys(entry.digest for entry in entries)), []).append(name)
    listed = [_listed(members, names, named[names[0]]) for names in by_digests.values()]
    if _are_platforms_of_one(nameless):
        return [*listed, _listed(members, [], nameless)]
    return [*listed, *(_listed(members, [], [entry]) for entry in nameless)]


def manifest_of_digest(members: Members, digest: Digest) -> Loaded | None:
    """A manifest that no name leads to, but its digest does; None where the layout has none."""
    place = blob_place(digest)
    size = members.size_of(place)
    if size is None or size > MANIFEST_MAX:
        return None
    return Loaded(root=read_manifest(read_verified(members, place, Descriptor(digest=digest, size=size), MANIFEST_MAX)))


def _listed(members: Members, names: Sequence[str], entries: Sequence[Descriptor]) -> Listed:
    entries = list({entry.digest: entry for entry in entries}.values())
    full = tuple(dict.fromkeys(name for name in map(full_name, filter(_is_name, names)) if name))
    tags = [name for name in names if not _is_name(name)]
    made = tuple(name_from_file(members.where, tag) for tag in tags) or (name_from_file(members.where, None),)
    return Listed(
        names=full or made,
        named=bool(full),
        digests=tuple(entry.digest for entry in entries),
        load=lambda: Loaded(root=_root(members, entries)),
    )


def _root(members: Members, entries: Sequence[Descriptor]) -> Document[Manifest] | Document[Index]:
    if len(entries) > 1:
        raw = msgspec.json.encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, enc_hook=str)
        return read_manifest(raw)
    entry = entries[0]
    return read_manifest(
        read_verified(members, blob_place(entry.digest), entry, MANIFEST_MAX), declared=entry.media_type
    )


def _name(entry: Descriptor) -> str | None:
    return entry.annotation(CONTAINERD_NAME) or entry.annotation(REF_NAME)


def _is_name(text: str) -> bool:
    """A full name, or else a tag alone, as the specification has it."""
    return bool(set("/:@") & set(text))


def _are_platforms_of_one(entries: Sequence[Descriptor]) -> bool:
    platforms = [entry.platform for entry in entries]
    return len(entries) > 1 and None not in platforms and len(set(platforms)) == len(entries)


def _document(members: Members, name: str) -> bytes:
    raw = read_document(members, name, MANIFEST_MAX)
    if raw is None:
        raise DamagedFile(f"{members.where} lacks {name}", hint="it was cut, or is no OCI image layout")
    return raw
