"""The consumers of archives, and the rules by which each is judged.

Sources: moby, image/tarexport and daemon/containerd; containerd, images/archive and client import; containers/image,
docker/internal/tarfile and oci; k3s, pkg/agent/containerd. Each rule was seen in the engine itself where the tests name
a version; docs/check.md says which.
"""

from msgspec.structs import replace

from dget.archive.inspection import image_names as names
from dget.archive.inspection.judgement import Consumer, Verdict, Way, judge
from dget.archive.inspection.views import Inspected, Kind
from dget.codec import Compression

_PLAIN = frozenset((Compression.NONE,))
_CLASSIC_OUTER = _PLAIN | {Compression.GZIP, Compression.BZIP2, Compression.XZ}
_ALL_OUTER = _CLASSIC_OUTER | {Compression.ZSTD}
_BROKEN = frozenset((Kind.NO_MANIFEST, Kind.MISSING, Kind.UNREADABLE, Kind.WRONG_SIZE, Kind.WRONG_DIGEST))
_DIFFERS = frozenset((Kind.WRONG_DIFF_ID, Kind.LAYER_COUNT))
_NOT_HERE = frozenset((Kind.OTHER_PLATFORM, Kind.NO_BUILD))


_K3S_SUFFIXES = {
    Compression.NONE: (".tar",),
    Compression.GZIP: (".tar.gz", ".tgz"),
    Compression.ZSTD: (".tar.zst", ".tzst"),
    Compression.BZIP2: (".tar.bz2", ".tbz"),
    Compression.LZ4: (".tar.lz4",),
}


_CONTAINERD_LAYOUT = Way(
    table="oci",
    outer=_PLAIN,
    spoils=_BROKEN | _DIFFERS | _NOT_HERE | {Kind.NO_NAME, Kind.NAME_TAKEN_LATER},
    ends=frozenset((Kind.LAYOUT_VERSION, Kind.NO_MANIFEST)),
    both_tables=True,
    newer={Compression.GZIP: "2.0", Compression.ZSTD: "2.0"},
    name=names.containerd_names,
)
_CONTAINERD_TABLE = Way(
    table="docker",
    outer=_PLAIN,
    spoils=_DIFFERS | {Kind.NO_NAME, Kind.NAME_TAKEN_LATER},
    ends=_BROKEN | {Kind.INVALID_NAME, Kind.HARD_LINK},
    newer={Compression.GZIP: "2.0", Compression.ZSTD: "2.0"},
    name=names.repo_tags,
)
_PODMAN_LAYOUT = Way(table="oci", outer=_ALL_OUTER, spoils=_BROKEN, one_image=True, name=names.podman_names)
_PODMAN_TABLE = Way(
    table="docker",
    outer=_ALL_OUTER - {Compression.GZIP},
    spoils=_BROKEN | _DIFFERS | {Kind.SYMBOLIC_LINK, Kind.HARD_LINK, Kind.NAME_TAKEN_BEFORE},
    ends=frozenset((Kind.INVALID_NAME,)),
    stops=True,
    newer={Compression.GZIP: "5"},
    name=names.podman_names,
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
                name=names.docker_names,
            ),
        ),
    ),
    Consumer(
        title="docker, containerd store",
        ways=(
            replace(
                _CONTAINERD_LAYOUT,
                outer=_ALL_OUTER,
                spoils=_CONTAINERD_LAYOUT.spoils - {Kind.NO_NAME, Kind.OTHER_PLATFORM} | {Kind.TAG_ALONE},
                ends=_CONTAINERD_LAYOUT.ends - {Kind.NO_MANIFEST},
                name=names.docker_names_by_containerd,
            ),
            replace(
                _CONTAINERD_TABLE,
                outer=_ALL_OUTER,
                spoils=_CONTAINERD_TABLE.spoils - {Kind.NO_NAME},
                name=names.docker_names_by_containerd,
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
        by_suffix=_K3S_SUFFIXES,
        cautions={Kind.PARTIAL_INDEX: "versions before 2024 want every platform that index.json leads to"},
    ),
    Consumer(
        title="podman",
        ways=(_PODMAN_LAYOUT, _PODMAN_TABLE),
        folders=True,
        cautions=dict.fromkeys(_DIFFERS, "podman refuses it from 5 on: it then compares what layers unpack to"),
    ),
    Consumer(
        title="skopeo",
        ways=(
            replace(_PODMAN_LAYOUT, by_ref=True, name=names.as_oci_archive),
            replace(
                _PODMAN_TABLE,
                ends=frozenset(),
                stops=False,
                name=names.as_docker_archive,
                newer={Compression.GZIP: "1.18"},
            ),
        ),
        folders=True,
        cautions=dict.fromkeys(_DIFFERS, "it copies layers without unpacking them: an engine refuses what it gives"),
    ),
)


def judge_all(found: Inspected) -> tuple[Verdict, ...]:
    return tuple(judge(consumer, found) for consumer in CONSUMERS)
