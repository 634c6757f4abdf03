"""What was written, as the path for scripts and a summary for people."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import asdict

from dget.api import ManyResult, PullResult
from dget.archive import STREAM
from dget.cli.load_commands import load_commands
from dget.cli.units import clean, duration, left_of, rate, rows_of, size
from dget.errors import DgetError


def text(result: PullResult | ManyResult) -> bytes:
    return b"" if result.path == STREAM else f"{result.path}\n".encode(errors="surrogateescape")


def summary(result: PullResult | ManyResult) -> str:
    if result.kept:
        return clean(f"{result.path} is there already: kept (--no-clobber)")
    layers = "1 layer" if result.layers == 1 else f"{result.layers} layers"
    cached = f", {size(result.reused)} of it here already" if result.reused else ""
    speed = f", {rate(result.fetched / result.seconds)}" if result.fetched and result.seconds else ""
    rows = [
        *_image_rows(result),
        (
            "file",
            f"{'standard output' if result.path == STREAM else result.path}  {size(result.size)}, {layers}{cached}",
        ),
        *([("beside", f"{result.companions} attestations and referrers")] if result.companions else []),
        *_converted_rows(result),
        ("time", f"{duration(result.seconds)}{speed}"),
        *([("quota", f"{left_of(result.quota)}: it runs low")] if result.quota and result.quota.low else []),
        *load_commands(result),
    ]
    return "\n".join(f"{clean(label):8}{clean(value)}" for label, value in rows)


def plain(result: PullResult | ManyResult) -> Any:
    if isinstance(result, PullResult):
        return result
    return {**asdict(result), "failures": plain_failures(result.failures)}


def plain_failures(failures: Iterable[tuple[str, DgetError]]) -> list[dict[str, str]]:
    return [{"image": name, "code": one.code, "message": one.message} for name, one in failures]


def _image_rows(result: PullResult | ManyResult) -> list[tuple[str, str]]:
    if isinstance(result, PullResult):
        image = f"{result.name}  {result.platform or result.kind}"
        return [*rows_of("image", (image, *result.names[1:])), ("digest", result.digest)]
    of_each = [(f"{one.name}  {one.platform or one.kind}  {one.digest}", *one.names[1:]) for one in result.images]
    return rows_of("image", (line for lines in of_each for line in lines))


def _converted_rows(result: PullResult | ManyResult) -> list[tuple[str, str]]:
    images = (result,) if isinstance(result, PullResult) else result.images
    old = [one.converted_from for one in images if one.converted_from]
    return rows_of("was", (f"Docker's old schema 1, converted: {digest}" for digest in old))
