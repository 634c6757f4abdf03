"""Looking at all of an archive: every document is read, every blob is hashed, every layer is unpacked once."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from dget.archive.inspection.views import Fault, ImageView, Inspected, Kind, View
from dget.archive.readers.docker_save import Entry, read_entries
from dget.archive.readers.file_image import CONFIG_MAX, MANIFEST_MAX, blob_place
from dget.archive.readers.layer import MeasuredLayer, measure
from dget.archive.readers.listed import check_count, full_name
from dget.archive.readers.members import Members, read_document
from dget.archive.readers.oci_layout import CONTAINERD_NAME, REF_NAME
from dget.archive.readers.open_members import open_members, outer_compression
from dget.codec import Compression
from dget.errors import IntegrityError, Unsupported
from dget.flow import Cancel, Observer, Stage
from dget.model import Descriptor, Digest, ImageConfig, Index, Manifest, Platform, choose_platform, read_manifest
from dget.model.document import decode
from dget.model.manifest import is_attestation
from dget.model.media_type import OCI_INDEX, OCI_MANIFEST

_LINKS = {"symbolic": Kind.SYMBOLIC_LINK, "hard": Kind.HARD_LINK}
_INDEX_DEPTH_MAX = 4
# Of each kind, for each image: nobody reads more.
_FAULTS_MAX = 20
# What is remembered of configs: some 200 bytes each.
_DIFF_IDS_MAX = 500_000


def inspect_archive(path: Path, platform: Platform, *, cancel: Cancel, observer: Observer) -> Inspected:
    """platform: of the machine that is to load it. What is wrong is in the result.

    Raises NotFound, StorageError, UsageError, Cancelled.
    """
    packed = Compression.NONE if path.is_dir() or not path.exists() else outer_compression(path)
    blank = Inspected(path=path, compression=packed, is_folder=path.is_dir())
    try:
        members = open_members(path, cancel=cancel, observer=observer)
    except (IntegrityError, Unsupported) as error:
        return replace(blank, damage=error.message)
    observer(Stage(text=f"checking every blob in {path.name}"))
    try:
        return _Inspection(members, platform, cancel).all_of(blank)
    except IntegrityError as error:
        # A link in a circle, a name that stands there twice.
        return replace(blank, damage=error.message)
    finally:
        members.close()


class _Config(msgspec.Struct, frozen=True):
    """image_id: empty where there is no config; diff_ids: None where it cannot be read."""

    image_id: str
    platform: str = ""
    diff_ids: tuple[Digest, ...] | None = None


class _Build(msgspec.Struct, frozen=True):
    """What a descriptor leads to. image_id: empty where that is no manifest for this platform."""

    faults: tuple[Fault, ...]
    image_id: str = ""
    platform: str = ""


class _Inspection:
    def __init__(self, members: Members, platform: Platform, cancel: Cancel) -> None:
        self._members = members
        self._platform = platform
        self._cancel = cancel
        # Images share layers, and a hostile file names one of them a thousand times; or a manifest, or a config.
        self._measured: dict[str, MeasuredLayer | None] = {}
        self._builds: dict[tuple[Digest, int, int], _Build] = {}
        self._configs: dict[str, _Config] = {}
        self._diff_ids = 0
        self._hashed: dict[tuple[str, str], str] = {}

    def all_of(self, blank: Inspected) -> Inspected:
        return replace(
            blank,
            docker=self._docker() if self._members.size_of("manifest.json") is not None else None,
            oci=self._oci() if self._members.size_of("index.json") is not None else None,
            has_layout=self._members.size_of("oci-layout") is not None,
        )

    # What manifest.json tells.

    def _docker(self) -> View:
        try:
            entries = read_entries(self._members)
        except Unsupported:
            return View(images=(), faults=(Fault(Kind.UNREADABLE, "manifest.json"),))
        images = [self._docker_image(entry) for entry in entries]
        return View(images=_with_clashes(images))

    def _docker_image(self, entry: Entry) -> ImageView:
        names = entry.repo_tags or ()
        faults = [Fault(Kind.INVALID_NAME, repr(name)) for name in names if full_name(name) is None]
        if not names:
            faults.append(Fault(Kind.NO_NAME, entry.config))
        config = self._config(entry.config)
        if config.diff_ids is None:
            faults.append(Fault(Kind.UNREADABLE if config.image_id else Kind.MISSING, entry.config))
        else:
            faults += self._layers(entry.layers, config.diff_ids, entry.config)
        return ImageView(names=names, image_id=config.image_id, platform=config.platform, faults=_bounded(faults))

    # What index.json tells.

    def _oci(self) -> View:
        raw = self._small("index.json", MANIFEST_MAX) or b""
        try:
            index = decode(raw, Index)
            check_count(self._members, len(index.manifests))
        except Unsupported:
            return View(images=(), faults=(Fault(Kind.UNREADABLE, "index.json"),))
        images = [self._oci_image(entry) for entry in index.manifests if not is_attestation(entry)]
        return View(images=_with_clashes(images), faults=tuple(self._layout()))

    def _layout(self) -> Iterator[Fault]:
        raw = self._small("oci-layout", MANIFEST_MAX)
        if raw is not None and b'"1.0.0"' not in raw:
            yield Fault(Kind.LAYOUT_VERSION, "oci-layout")

    def _oci_image(self, entry: Descriptor) -> ImageView:
        name = entry.annotation(CONTAINERD_NAME) or entry.annotation(REF_NAME)
        faults = [] if name else [Fault(Kind.NO_NAME, str(entry.digest))]
        if name and not set("/:") & set(name):
            faults.append(Fault(Kind.TAG_ALONE, name))
        if entry.platform and choose_platform([entry.platform], self._platform) is None:
            faults.append(Fault(Kind.OTHER_PLATFORM, f"{name or entry.digest} ({entry.platform})"))
        build = self._build(entry, 0)
        return ImageView(
            names=(name,) if name else (),
            containerd_name=entry.annotation(CONTAINERD_NAME),
            # containers/image passes over Docker's media types (oci/layout/oci_transport.go).
            oci_ref=entry.annotation(REF_NAME) if entry.media_type in {OCI_INDEX, OCI_MANIFEST} else None,
            root=str(entry.digest),
            image_id=build.image_id or str(entry.digest),
            platform=build.platform,
            faults=(*faults, *build.faults),
        )

    def _build(self, descriptor: Descriptor, depth: int) -> _Build:
        """What an engine on this platform takes."""
        key = descriptor.digest, descriptor.size, depth
        if key not in self._builds:
            self._builds[key] = self._read_build(descriptor, depth)
        return self._builds[key]

    def _read_build(self, descriptor: Descriptor, depth: int) -> _Build:
        place = blob_place(descriptor.digest)
        raw = None if any(self._blob(descriptor)) else self._small(place, MANIFEST_MAX)
        try:
            value = read_manifest(raw or b"").value
        except Unsupported:
            return _Build((Fault(Kind.NO_MANIFEST, place),))
        if isinstance(value, Manifest):
            return self._build_of(value)
        faults: list[Fault] = []
        if any(self._members.size_of(blob_place(entry.digest)) is None for entry in value.images):
            faults.append(Fault(Kind.PARTIAL_INDEX, str(descriptor.digest)))
        builds = [entry for entry in value.images if entry.platform is not None]
        chosen = choose_platform([entry.platform for entry in builds if entry.platform], self._platform)
        if chosen is None or depth == _INDEX_DEPTH_MAX:
            faults.append(Fault(Kind.NO_BUILD, f"{descriptor.digest} ({self._platform})"))
            return _Build(tuple(faults))
        build = self._build(builds[chosen], depth + 1)
        return replace(build, faults=(*faults, *build.faults))

    def _build_of(self, manifest: Manifest) -> _Build:
        faults = [fault for layer in manifest.layers for fault in self._blob(layer)]
        config = _Config("")
        if wrong := list(self._blob(manifest.config)):
            faults += wrong
        else:
            config = self._config(blob_place(manifest.config.digest))
            if config.diff_ids is None:
                faults.append(Fault(Kind.UNREADABLE, str(manifest.config.digest)))
            else:
                places = [blob_place(layer.digest) for layer in manifest.layers]
                faults += self._layers(places, config.diff_ids, str(manifest.config.digest))
        return _Build(_bounded(faults), str(manifest.config.digest), config.platform)

    # What both need.

    def _small(self, name: str, limit: int) -> bytes | None:
        """None where it is not there; empty, and so unreadable, where it is too large."""
        try:
            return read_document(self._members, name, limit)
        except Unsupported:
            return b""

    def _config(self, place: str) -> _Config:
        if place not in self._configs:
            found = _read_config(self._small(place, CONFIG_MAX))
            self._diff_ids += len(found.diff_ids or ())
            if self._diff_ids > _DIFF_IDS_MAX:
                self._configs.clear()
                self._diff_ids = len(found.diff_ids or ())
            self._configs[place] = found
        return self._configs[place]

    def _blob(self, blob: Descriptor) -> Iterator[Fault]:
        """Against its descriptor."""
        place = blob_place(blob.digest)
        size = self._members.size_of(place)
        if size is None:
            yield Fault(Kind.MISSING, place)
        elif size != blob.size:
            yield Fault(Kind.WRONG_SIZE, place)
        elif self._hash(place, blob.digest) != blob.digest.hex:
            yield Fault(Kind.WRONG_DIGEST, place)

    def _hash(self, name: str, digest: Digest) -> str:
        if (name, digest.algorithm) not in self._hashed:
            self._hashed[name, digest.algorithm] = self._read_and_hash(name, digest)
        return self._hashed[name, digest.algorithm]

    def _read_and_hash(self, name: str, digest: Digest) -> str:
        hasher, at = digest.hasher(), 0
        while piece := self._members.read(name, at, 1 << 20):
            self._cancel.check()
            hasher.update(piece)
            at += len(piece)
        return hasher.hexdigest()

    def _layers(self, places: Sequence[str], diff_ids: Sequence[Digest], config: str) -> Iterator[Fault]:
        if len(places) != len(diff_ids):
            yield Fault(Kind.LAYER_COUNT, config)
        given: set[Digest] = set()
        for number, place in enumerate(places):
            if self._members.size_of(place) is None:
                yield Fault(Kind.MISSING, place)
                continue
            measured = self._measure(place)
            if measured is None:
                yield Fault(Kind.UNREADABLE, place)
                continue
            link = self._members.link_kind(place)
            # Where the same layer stands before it, nobody reads the link.
            if link == "hard" or (link and measured.diff_id not in given):
                yield Fault(_LINKS[link], place)
            given.add(measured.diff_id)
            if measured.compression is Compression.ZSTD:
                yield Fault(Kind.ZSTD_LAYER, place)
            if number < len(diff_ids) and measured.diff_id != diff_ids[number]:
                yield Fault(Kind.WRONG_DIFF_ID, place)

    def _measure(self, place: str) -> MeasuredLayer | None:
        """None for what does not unpack."""
        if place not in self._measured:
            try:
                self._measured[place] = measure(self._members, place, self._cancel)
            except (IntegrityError, Unsupported):
                self._measured[place] = None
        return self._measured[place]


def _read_config(raw: bytes | None) -> _Config:
    if raw is None:
        return _Config("")
    image_id = str(Digest.of(raw))
    try:
        config = decode(raw, ImageConfig)
    except Unsupported:
        return _Config(image_id)
    return _Config(image_id, str(config.platform.normalised()), config.diff_ids)


def _bounded(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Each once, the first of each kind, and how many more there are."""
    by_kind: dict[Kind, list[Fault]] = {}
    for fault in dict.fromkeys(faults):
        by_kind.setdefault(fault.kind, []).append(fault)
    told: list[Fault] = []
    for kind, found in by_kind.items():
        told += found[:_FAULTS_MAX]
        if len(found) > _FAULTS_MAX:
            told.append(Fault(kind, f"each of {len(found) - _FAULTS_MAX:,} more"))
    return tuple(told)


def _with_clashes(images: Sequence[ImageView]) -> tuple[ImageView, ...]:
    """With what is told of names that several images claim."""
    claimed: dict[str, list[int]] = {}
    for place, image in enumerate(images):
        for name in dict.fromkeys(image.names):
            claimed.setdefault(name, []).append(place)
    clashes: dict[int, list[Fault]] = {}
    for name, places in claimed.items():
        if len({images[place].image_id for place in places}) == 1:
            continue
        for place in places:
            kind = Kind.NAME_TAKEN_BEFORE if place == places[-1] else Kind.NAME_TAKEN_LATER
            clashes.setdefault(place, []).append(Fault(kind, name))
    return tuple(
        replace(image, faults=(*image.faults, *_bounded(clashes.get(place, ())))) for place, image in enumerate(images)
    )
