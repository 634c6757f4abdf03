"""What each consumer makes of an archive: rules as data, judged by pure functions.

Sources: moby, image/tarexport and daemon/containerd; containerd, images/archive and client import; containers/image,
docker/internal/tarfile and oci; k3s, pkg/agent/containerd. Each rule was seen in the engine itself where the tests name
a version; docs/check.md says which.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from dget.archive.inspection.views import Fault, ImageView, Inspected, Kind, View
from dget.archive.readers.listed import full_name
from dget.codec import Compression

# What an image is called there; none where it cannot be reached.
Namer: TypeAlias = Callable[[ImageView], tuple[str, ...]]

_PLAIN = frozenset((Compression.NONE,))
_CLASSIC_OUTER = _PLAIN | {Compression.GZIP, Compression.BZIP2, Compression.XZ}
_ALL_OUTER = _CLASSIC_OUTER | {Compression.ZSTD}
_K3S_SUFFIXES = {
    Compression.NONE: (".tar",),
    Compression.GZIP: (".tar.gz", ".tgz"),
    Compression.ZSTD: (".tar.zst", ".tzst"),
    Compression.BZIP2: (".tar.bz2", ".tbz"),
    Compression.LZ4: (".tar.lz4",),
}

_BROKEN = frozenset((Kind.NO_MANIFEST, Kind.MISSING, Kind.UNREADABLE, Kind.WRONG_SIZE, Kind.WRONG_DIGEST))
_DIFFERS = frozenset((Kind.WRONG_DIFF_ID, Kind.LAYER_COUNT))
_NOT_HERE = frozenset((Kind.OTHER_PLATFORM, Kind.NO_BUILD))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of reading an archive.

    table: which of its tables of contents; spoils: what makes one image unusable; ends: what makes the consumer give
    up on all; renames: what is told, though the image is usable under another name. stops: whether images after an
    unusable one are not loaded; one_image: whether it takes no more, by_ref: unless each can be asked for by its own ref; newer: what versions from the named one on do
    take; both_tables: whether a broken manifest.json ends it even where it goes by index.json.
    """

    table: Literal["docker", "oci"]
    outer: frozenset[Compression]
    spoils: frozenset[Kind]
    name: Namer
    ends: frozenset[Kind] = frozenset()
    renames: frozenset[Kind] = frozenset()
    stops: bool = False
    one_image: bool = False
    by_ref: bool = False
    both_tables: bool = False
    newer: Mapping[Compression | Kind, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """layout_wins: where there is an OCI layout nothing else is looked at; else each way is tried in order.

    folders: whether it takes an OCI folder; by_suffix: whether it tells compression by the file's name; cautions: what
    is no obstacle, or not told by an error.
    """

    title: str
    ways: tuple[Way, ...]
    layout_wins: bool = False
    folders: bool = False
    by_suffix: bool = False
    cautions: Mapping[Kind, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """loads: whether all images arrive, each under its name; names: those that can be used; problems: why not all;
    cautions: what to know all the same.
    """

    consumer: str
    loads: bool
    names: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def judge_all(found: Inspected) -> tuple[Verdict, ...]:
    return tuple(judge(consumer, found) for consumer in CONSUMERS)


def judge(consumer: Consumer, found: Inspected) -> Verdict:
    """What one consumer makes of the file."""
    if problem := found.damage or _problem_of_the_file(consumer, found):
        return Verdict(consumer=consumer.title, loads=False, problems=(problem,))
    ways = [way for way in consumer.ways if _table(found, way) is not None]
    if consumer.layout_wins:
        ways = [way for way in consumer.ways if way.table == ("oci" if found.has_layout else "docker")]
    if not ways:
        return Verdict(consumer=consumer.title, loads=False, problems=(_no_table(consumer.ways),))
    verdicts = [_by(consumer, way, found) for way in ways]
    # The first way that goes, else the one that gives most.
    best = next((verdict for verdict in verdicts if verdict.loads), None)
    best = best or max(verdicts, key=lambda verdict: len(verdict.names))
    return replace(best, cautions=tuple(text for kind, text in consumer.cautions.items() if _has(found, kind)))


def _by(consumer: Consumer, way: Way, found: Inspected) -> Verdict:
    view = _table(found, way)
    if problem := _problem_of_the_table(way, view, found):
        return Verdict(consumer=consumer.title, loads=False, problems=(problem,))
    assert view is not None
    names: list[str] = []
    problems: list[str] = []
    for image in view.images:
        spoiling = [fault for fault in image.faults if fault.kind in way.spoils]
        problems += (_said(way, fault) for fault in spoiling)
        if spoiling and way.stops:
            break
        if not spoiling:
            names += way.name(image)
            problems += (str(fault) for fault in image.faults if fault.kind in way.renames)
    return Verdict(
        consumer=consumer.title,
        loads=not problems,
        names=tuple(dict.fromkeys(names)),
        problems=tuple(dict.fromkeys(problems)),
    )


def _problem_of_the_file(consumer: Consumer, found: Inspected) -> str | None:
    if found.is_folder:
        return None if consumer.folders else "this is a folder, and it takes files: pack it with tar"
    known = _K3S_SUFFIXES.get(found.compression, ())
    if not consumer.by_suffix or found.path.name.lower().endswith(known):
        return None
    if not known:
        return f"it does not read {found.compression.value} files"
    return f"it goes by the file's name, which must end in {' or '.join(known)}"


def _problem_of_the_table(way: Way, view: View | None, found: Inspected) -> str | None:
    """Why nothing at all arrives by this way."""
    if view is None:
        return _no_table((way,))
    if found.compression not in way.outer:
        since = f" before {way.newer[found.compression]}" if found.compression in way.newer else ""
        return f"it does not read {found.compression.value} files{since}"
    tables = [*view.faults, *(found.docker.faults if way.both_tables and found.docker else ())]
    ending = [fault for fault in tables if fault.kind in way.ends | {Kind.UNREADABLE}]
    ending += [fault for image in view.images for fault in image.faults if fault.kind in way.ends]
    if ending:
        return str(ending[0])
    if not view.images:
        return "it holds no image"
    refs = {image.oci_ref for image in view.images if image.oci_ref}
    if way.one_image and len(view.images) > 1 and not (way.by_ref and len(refs) == len(view.images)):
        return f"it takes one image a file by index.json, which lists {len(view.images)}"
    return None


def _no_table(ways: Sequence[Way]) -> str:
    wanted = " or ".join("manifest.json" if way.table == "docker" else "index.json" for way in ways)
    return f"it wants {wanted}, which is not in the file"


def _said(way: Way, fault: Fault) -> str:
    return f"{fault}, which it takes from {way.newer[fault.kind]} on" if fault.kind in way.newer else str(fault)


def _table(found: Inspected, way: Way) -> View | None:
    return found.docker if way.table == "docker" else found.oci


def _has(found: Inspected, kind: Kind) -> bool:
    return any(fault.kind is kind for view in (found.docker, found.oci) if view for fault in view.all_faults())


# What images are called.


def _docker_names(image: ImageView) -> tuple[str, ...]:
    lost = {fault.where for fault in image.faults if fault.kind is Kind.NAME_TAKEN_LATER}
    names = [full_name(name) for name in image.names if name not in lost]
    return tuple(name for name in names if name) or (image.image_id,)


def _docker_names_by_containerd(image: ImageView) -> tuple[str, ...]:
    names = image.names if image.containerd_name is None else (image.containerd_name,)
    return tuple(name for name in map(full_name, names) if name) or (image.image_id,)


def _containerd_names(image: ImageView) -> tuple[str, ...]:
    if image.containerd_name:
        return (image.containerd_name,)
    return tuple(f"import-DATE:{name}" for name in image.names)


def _repo_tags(image: ImageView) -> tuple[str, ...]:
    return tuple(name for name in map(full_name, image.names) if name)


def _podman_names(image: ImageView) -> tuple[str, ...]:
    return tuple(map(_with_localhost, image.names)) or (image.image_id,)


def _with_localhost(name: str) -> str:
    """As podman completes a short name."""
    first, slash, _ = name.partition("/")
    has_host = bool(slash) and (bool(set(".:") & set(first)) or first == "localhost")
    tagged = name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"
    return tagged if has_host else f"localhost/{tagged}"


def _as_oci_archive(image: ImageView) -> tuple[str, ...]:
    return (f"oci-archive:FILE:{image.oci_ref}" if image.oci_ref else "oci-archive:FILE",)


def _as_docker_archive(image: ImageView) -> tuple[str, ...]:
    return tuple(f"docker-archive:FILE:{name}" for name in _repo_tags(image)) or ("docker-archive:FILE",)


# The consumers.

_CONTAINERD_LAYOUT = Way(
    table="oci",
    outer=_PLAIN,
    spoils=_BROKEN | _DIFFERS | _NOT_HERE | {Kind.NO_NAME, Kind.NAME_TAKEN_LATER},
    ends=frozenset((Kind.LAYOUT_VERSION, Kind.NO_MANIFEST)),
    both_tables=True,
    newer={Compression.GZIP: "2.0", Compression.ZSTD: "2.0"},
    name=_containerd_names,
)
_CONTAINERD_TABLE = Way(
    table="docker",
    outer=_PLAIN,
    spoils=_DIFFERS | {Kind.NO_NAME, Kind.NAME_TAKEN_LATER},
    ends=_BROKEN | {Kind.INVALID_NAME, Kind.HARD_LINK},
    newer={Compression.GZIP: "2.0", Compression.ZSTD: "2.0"},
    name=_repo_tags,
)
_PODMAN_LAYOUT = Way(table="oci", outer=_ALL_OUTER, spoils=_BROKEN, one_image=True, name=_podman_names)
_PODMAN_TABLE = Way(
    table="docker",
    outer=_ALL_OUTER - {Compression.GZIP},
    spoils=_BROKEN | _DIFFERS | {Kind.SYMBOLIC_LINK, Kind.HARD_LINK, Kind.NAME_TAKEN_BEFORE},
    ends=frozenset((Kind.INVALID_NAME,)),
    stops=True,
    newer={Compression.GZIP: "5"},
    name=_podman_names,
)
_DIFFERS_UNSEEN = dict.fromkeys(
    _DIFFERS, "it does not compare what layers unpack to, unlike Docker and containerd; newer versions may"
)

CONSUMERS = (
    Consumer(
        title="docker, classic store",
        ways=(
            Way(
                table="docker",
                outer=_CLASSIC_OUTER,
                spoils=_BROKEN | _DIFFERS | {Kind.ZSTD_LAYER},
                renames=frozenset((Kind.NAME_TAKEN_LATER, Kind.INVALID_NAME)),
                stops=True,
                newer={Compression.ZSTD: "23.0", Kind.ZSTD_LAYER: "23.0"},
                name=_docker_names,
            ),
        ),
    ),
    Consumer(
        title="docker, containerd store",
        ways=(
            replace(
                _CONTAINERD_LAYOUT,
                outer=_ALL_OUTER,
                spoils=_CONTAINERD_LAYOUT.spoils - {Kind.NO_NAME},
                name=_docker_names_by_containerd,
            ),
            replace(
                _CONTAINERD_TABLE,
                outer=_ALL_OUTER,
                spoils=_CONTAINERD_TABLE.spoils - {Kind.NO_NAME},
                name=_docker_names_by_containerd,
            ),
        ),
        layout_wins=True,
        cautions={
            Kind.MISSING: "docker load ends with 0 all the same, and lists the image",
            Kind.WRONG_DIGEST: "docker load ends with 0 all the same, and lists the image",
        },
    ),
    Consumer(title="containerd (ctr)", ways=(_CONTAINERD_LAYOUT, _CONTAINERD_TABLE), layout_wins=True),
    Consumer(
        title="k3s",
        ways=(
            replace(_CONTAINERD_LAYOUT, outer=_ALL_OUTER | {Compression.LZ4}),
            replace(_CONTAINERD_TABLE, outer=_ALL_OUTER | {Compression.LZ4}),
        ),
        layout_wins=True,
        by_suffix=True,
        cautions={Kind.PARTIAL_INDEX: "versions before 2024 want every platform that index.json leads to"},
    ),
    Consumer(title="podman", ways=(_PODMAN_LAYOUT, _PODMAN_TABLE), folders=True, cautions=_DIFFERS_UNSEEN),
    Consumer(
        title="skopeo",
        ways=(
            replace(_PODMAN_LAYOUT, by_ref=True, name=_as_oci_archive),
            replace(
                _PODMAN_TABLE, ends=frozenset(), stops=False, name=_as_docker_archive, newer={Compression.GZIP: "1.18"}
            ),
        ),
        folders=True,
        cautions=_DIFFERS_UNSEEN,
    ),
)
