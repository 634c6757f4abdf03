"""The images of a Docker archive, as `docker save` and many builders write it: the manifest that it lacks is made.

Source: moby, image/tarexport and image/spec/spec.md, "Combined Image JSON + Filesystem Changeset Format".
"""

import msgspec

from dget.archive.readers.file_image import CONFIG_MAX, MANIFEST_MAX
from dget.archive.readers.layer import DOCKER_LAYER_TYPES, compression_in, measure
from dget.archive.readers.listed import Listed, Loaded, check_count, full_name, name_from_file
from dget.archive.readers.members import Members, read_document
from dget.archive.readers.oci_layout import images_in_layout, is_layout
from dget.codec import Compression
from dget.errors import DamagedFile, Unsupported
from dget.flow import Cancel, Observer, Stage
from dget.model import Descriptor, Digest, ImageConfig, Manifest, read_manifest
from dget.model import media_type as kinds
from dget.model.document import decode


class Entry(msgspec.Struct, rename="pascal"):
    """One of manifest.json's."""

    config: str
    layers: tuple[str, ...] = ()
    repo_tags: tuple[str, ...] | None = None


class _Entries(msgspec.Struct):
    entries: tuple[Entry, ...]


def is_docker_archive(members: Members) -> bool:
    return members.size_of("manifest.json") is not None


def read_entries(members: Members) -> tuple[Entry, ...]:
    """Of manifest.json. Raises DamagedFile, Unsupported."""
    raw = read_document(members, "manifest.json", MANIFEST_MAX)
    if raw is None:
        hint = "it was cut, or is no Docker archive"
        if members.size_of("repositories") is not None:
            hint = "it is of the time before Docker 1.10: load it there and save it again"
        raise DamagedFile(f"{members.where} lacks manifest.json", hint=hint)
    entries = decode(b'{"entries":%s}' % raw, _Entries).entries
    check_count(members, len(entries))
    return entries


def images_in_docker_archive(members: Members, cancel: Cancel, observer: Observer) -> list[Listed]:
    """Raises DamagedFile, Unsupported."""
    entries = read_entries(members)
    # Several may share a config, which is read and kept no more often for it.
    digests = {
        config: Digest.of(_config(members, config)) for config in dict.fromkeys(entry.config for entry in entries)
    }
    return [_listed(members, entry, digests[entry.config], cancel, observer) for entry in entries]


def _config(members: Members, name: str) -> bytes:
    raw = read_document(members, name, CONFIG_MAX)
    if raw is None:
        raise DamagedFile(f"{members.where} lacks {name}", hint="it was cut, or made without this part")
    return raw


def _listed(members: Members, entry: Entry, digest: Digest, cancel: Cancel, observer: Observer) -> Listed:
    def load() -> Loaded:
        return _original(members, digest) or _made(members, entry, _config(members, entry.config), cancel, observer)

    names = tuple(dict.fromkeys(name for name in map(full_name, entry.repo_tags or ()) if name))
    made = name_from_file(members.where, None)
    return Listed(names=names or (made,), named=bool(names), digests=(digest,), load=load)


def _original(members: Members, config: Digest) -> Loaded | None:
    """The manifest of that config, where the archive is an OCI layout too."""
    if not is_layout(members):
        return None
    for image in images_in_layout(members):
        root = image.load().root
        if isinstance(root.value, Manifest) and root.value.config.digest == config:
            return Loaded(root=root)
    return None


def _made(members: Members, entry: Entry, raw: bytes, cancel: Cancel, observer: Observer) -> Loaded:
    config = Descriptor(media_type=kinds.DOCKER_CONFIG, digest=Digest.of(raw), size=len(raw))
    diff_ids = decode(raw, ImageConfig).diff_ids
    if len(diff_ids) != len(entry.layers):
        raise DamagedFile(
            f"{members.where}: {len(entry.layers)} layers, but the config names {len(diff_ids)}",
            hint="no engine would load it",
        )
    places = {config.digest: entry.config}
    layers: list[Descriptor] = []
    for name, diff_id in zip(entry.layers, diff_ids, strict=True):
        layer = _layer(members, name, diff_id, cancel, observer)
        places[layer.digest] = name
        layers.append(layer)
    document = {
        "schemaVersion": 2,
        "mediaType": kinds.DOCKER_MANIFEST,
        "config": config,
        "layers": layers,
    }
    root = read_manifest(msgspec.json.encode(document, enc_hook=str))
    return Loaded(root=root, made={root.descriptor.digest: root.raw}, places=places)


def _layer(members: Members, name: str, diff_id: Digest, cancel: Cancel, observer: Observer) -> Descriptor:
    """A plain layer's digest is its diff ID, which is verified like any other blob's when its bytes are read."""
    size = members.size_of(name)
    if size is None:
        raise DamagedFile(f"{members.where} lacks the layer {name}", hint="it was cut, or made without this part")
    compression = compression_in(members, name)
    if compression is Compression.NONE:
        return Descriptor(media_type=kinds.DOCKER_LAYER, digest=diff_id, size=size)
    if compression not in DOCKER_LAYER_TYPES:
        raise Unsupported(
            f"{members.where}: the layer {name} is packed by {compression.value}, which no manifest names"
        )
    observer(Stage(text=f"measuring the layer {name}"))
    measured = measure(members, name, cancel)
    if measured.diff_id != diff_id:
        raise DamagedFile(f"{members.where}: the layer {name} unpacks to {measured.diff_id}, not to {diff_id}")
    return Descriptor(media_type=DOCKER_LAYER_TYPES[compression], digest=measured.digest, size=size)
