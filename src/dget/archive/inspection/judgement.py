"""What one consumer makes of an archive: pure functions over rules and what was found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from dget.archive.inspection.views import Fault, ImageView, Inspected, Kind, View
from dget.codec import Compression

# What an image is called there; none where it cannot be reached.
Namer: TypeAlias = Callable[[ImageView], tuple[str, ...]]


class Way(msgspec.Struct, frozen=True, kw_only=True):
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
    newer: Mapping[Compression | Kind, str] = msgspec.field(default_factory=dict)


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """layout_wins: where there is an OCI layout nothing else is looked at; else each way is tried in order.

    folders: whether it takes an OCI folder; by_suffix: how the file must end, where it tells compression by that; cautions: what
    is no obstacle, or not told by an error.
    """

    title: str
    ways: tuple[Way, ...]
    layout_wins: bool = False
    folders: bool = False
    by_suffix: Mapping[Compression, tuple[str, ...]] | None = None
    cautions: Mapping[Kind, str] = msgspec.field(default_factory=dict)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """loads: whether all images arrive, each under its name; names: those that can be used; problems: why not all;
    cautions: what to know all the same.
    """

    consumer: str
    loads: bool
    names: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


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
    return (
        replace(best, names=tuple(name.replace("oci-archive:", "oci:") for name in best.names))
        if (found.is_folder)
        else best
    )


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
        cautions=tuple(dict.fromkeys(_cautions(consumer, way, view, loads=not problems))),
    )


def _cautions(consumer: Consumer, way: Way, view: View, *, loads: bool) -> Iterator[str]:
    """What is told of peculiarities beside a success, and of faults beside the failure that they are."""
    for fault in view.all_faults():
        if fault.kind in consumer.cautions and (loads or fault.kind in way.spoils):
            yield consumer.cautions[fault.kind]


def _problem_of_the_file(consumer: Consumer, found: Inspected) -> str | None:
    if found.is_folder:
        return None if consumer.folders else "this is a folder, and it takes files: pack it with tar"
    if consumer.by_suffix is None:
        return None
    known = consumer.by_suffix.get(found.compression, ())
    if found.path.name.lower().endswith(known):
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
