"""What is measured against what, and what is asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench import tools
from bench.servers import Way
from bench.tools import Tool
from bench.units import MB

Medium = Literal["memory", "disk", "reflink"]
Metric = Literal["seconds", "cpu", "peak", "fetched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One tool with one image from one server."""

    tool: Tool
    image: str
    way: Way = "plain"

    @property
    def label(self) -> str:
        return f"{self.tool.name}, {self.image}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`metric` of the tool `of` is at most `limit` times that of `to`.

    Without a `to`: bytes of memory for "peak", and times the image's size for "fetched".
    """

    of: str
    to: str | None = None
    metric: Metric = "seconds"
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The lanes of one round, in order; the first one is what the others are compared with.

    optional: not among the cases that run when none is named.
    """

    name: str
    about: str
    lanes: Sequence[Lane]
    targets: Sequence[Target] = ()
    medium: Medium = "memory"
    optional: bool = False


def _lanes(image: str, *of: Tool, way: Way = "plain") -> list[Lane]:
    return [Lane(tool=tool, image=image, way=way) for tool in of]


def _than(of: Lane, to: Lane, limit: float, metric: Metric = "seconds") -> Target:
    return Target(of=of.label, to=to.label, limit=limit, metric=metric)


def _plain(image: str, medium: Medium) -> list[Case]:
    """Without a cache and with one, from a server that is as fast as this machine."""
    slow = (tools.SKOPEO_DOCKER,) if image == "350+25" else ()
    bare = _lanes(image, tools.DGET, tools.SKOPEO_OCI, tools.CURL, tools.CRANE, tools.ARIA2, *slow)
    kept = _lanes(image, tools.DGET_CACHE, tools.SKOPEO_OCI, tools.CRANE_CACHE)
    dget, skopeo, curl, crane = bare[:4]
    name = image.partition("+")[0]
    return [
        Case(
            name=f"plain-{name}/{medium}",
            about="plain HTTP, no cache",
            lanes=bare,
            targets=[_than(dget, crane, 0.9), _than(dget, skopeo, 0.45), _than(dget, curl, 1.5)],
            medium=medium,
        ),
        Case(
            name=f"cache-{name}/{medium}",
            about="plain HTTP, the cache is filled on the way",
            lanes=kept,
            targets=[_than(kept[0], kept[2], 1.0), _than(kept[0], kept[1], 0.6)],
            medium=medium,
        ),
    ]


def _tls(medium: Medium) -> Case:
    lanes = _lanes("350+25", tools.DGET, tools.CRANE, tools.SKOPEO_OCI, tools.CURL, way="tls")
    return Case(
        name=f"tls-350/{medium}",
        about="TLS, no cache",
        lanes=lanes,
        targets=[_than(lanes[0], lanes[1], 1.0), _than(lanes[0], lanes[1], 1.2, "cpu")],
        medium=medium,
    )


def _gzip(medium: Medium) -> Case:
    lanes = _lanes("350+25", tools.DGET_GZIP, tools.DGET)
    return Case(
        name=f"gzip-350/{medium}",
        about=".tar.gz against .tar",
        lanes=lanes,
        targets=[_than(lanes[0], lanes[1], 1.1)],
        medium=medium,
    )


def _warm(medium: Medium) -> Case:
    lanes = _lanes("350+25", tools.DGET_WARM, tools.DGET_CACHE)
    return Case(
        name=f"warm-350/{medium}",
        about="everything cached, and verified again, against an empty cache",
        lanes=lanes,
        targets=[_than(lanes[0], lanes[1], 0.6)],
        medium=medium,
    )


def _clone() -> Case:
    lanes = _lanes("350+25", tools.DGET_CLONE, tools.DGET_CACHE)
    return Case(
        name="clone-350/xfs",
        about="everything cached, not verified, where files share their blocks, against an empty cache",
        lanes=lanes,
        targets=[_than(lanes[0], lanes[1], 0.15)],
        medium="reflink",
    )


def _slow() -> Case:
    lanes = _lanes("350+25", tools.DGET, tools.ARIA2, tools.SKOPEO_OCI, way="slow10")
    return Case(
        name="slow10-350",
        about="a server that gives 10 MB/s to each connection",
        lanes=lanes,
        targets=[_than(lanes[0], lanes[2], 1 / 7), _than(lanes[0], lanes[1], 1.2)],
    )


def _delayed(milliseconds: int, way: Way, limit: float | None) -> Case:
    """limit: of the time that skopeo takes."""
    lanes = _lanes("60x1", tools.DGET, tools.SKOPEO_OCI, tools.CURL, tools.ARIA2, tools.CRANE, way=way)
    return Case(
        name=f"delay{milliseconds}-60x1",
        about=f"{milliseconds} ms a round trip, 60 small layers",
        lanes=lanes,
        targets=[_than(lanes[0], lanes[1], limit)] if limit else [],
    )


def _lossy() -> Case:
    lanes = _lanes("350+25", tools.DGET, tools.ARIA2, tools.SKOPEO_OCI, way="lossy")
    return Case(
        name="lossy-350",
        about="each connection is reset after 20 MB; bytes fetched of the image's",
        lanes=lanes,
        targets=[Target(of=lanes[0].label, metric="fetched", limit=1.05)],
    )


def _killed() -> Case:
    lanes = _lanes("350+25", tools.DGET_KILLED, way="counted")
    return Case(
        name="killed-350",
        about="killed half way and started again; bytes fetched by both of the image's",
        lanes=lanes,
        targets=[Target(of=lanes[0].label, metric="fetched", limit=1.05)],
    )


def _memory() -> Case:
    large, small = (Lane(tool=tools.DGET_CACHE, image=image) for image in ("4x340", "1x256"))
    secure = Lane(tool=tools.DGET, image="350+25", way="tls")
    return Case(
        name="memory",
        about="peak memory: one layer of 256 MB, 1.4 GB, and over TLS",
        lanes=[large, small, secure],
        targets=[
            Target(of=small.label, metric="peak", limit=60 * MB),
            Target(of=large.label, metric="peak", limit=60 * MB),
            Target(of=secure.label, metric="peak", limit=60 * MB),
            _than(large, small, 1.15, "peak"),
        ],
    )


def _linear(*images: str, name: str, optional: bool) -> Case:
    return Case(
        name=name,
        about="what each size costs",
        lanes=[Lane(tool=tools.DGET, image=image) for image in images],
        optional=optional,
    )


def all_cases() -> list[Case]:
    media: tuple[Medium, ...] = ("memory", "disk")
    sizes = ("4x340", "350+25", "1x256", "1x100", "1x10", "1x1", "busybox")
    return [
        *(case for image in ("350+25", "4x340") for medium in media for case in _plain(image, medium)),
        *(one(medium) for one in (_tls, _gzip, _warm) for medium in media),
        _clone(),
        _slow(),
        _delayed(50, "delay50", 0.6),
        _delayed(200, "delay200", None),
        _lossy(),
        _killed(),
        _memory(),
        _linear(*sizes, name="linear", optional=False),
        _linear("5x1000", *sizes, name="full", optional=True),
    ]
