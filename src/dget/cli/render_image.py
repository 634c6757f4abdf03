"""What an image is, and what a pull of it would fetch, as lines for people."""

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from dget.api import ImageDetails, ImagePlan, LayerPlan, TagList
from dget.cli.units import left_of, rows_of, size
from dget.errors import Unsupported
from dget.model.artifact_kind import artifact_type, describe
from dget.model.image_config import Words

# What is nested deeper cannot be written as JSON either; honest documents have some ten.
_LEVELS_MAX = 100
_RAW_HINT = "--raw gives its bytes"


def lines(result: ImagePlan | ImageDetails | TagList) -> Iterable[str]:
    match result:
        case ImagePlan():
            return _plan_lines(result)
        case ImageDetails():
            return _details_lines(result)
    return result.tags


def plain(result: ImagePlan | ImageDetails | TagList) -> Any:
    if not isinstance(result, ImageDetails):
        return result
    return {
        "image": str(result.reference),
        "platform": str(result.platform or ""),
        "digest": str(result.manifest.descriptor.digest),
        "manifest": _parsed(result.manifest.raw),
        "config": _parsed(result.config.raw) if result.config else None,
    }


def _parsed(raw: bytes) -> Any:
    """A document in whole, also what dget itself passes over. Raises Unsupported."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unsupported(f"a document of this image cannot be read: {error}", hint=_RAW_HINT) from error
    level = [value] if _has_items(value) else []
    for _ in range(_LEVELS_MAX):
        level = [item for one in level for item in (one.values() if isinstance(one, dict) else one) if _has_items(item)]
    if level:
        raise Unsupported(f"a document of this image has more than {_LEVELS_MAX} levels", hint=_RAW_HINT)
    return value


def _has_items(value: Any) -> bool:
    return isinstance(value, dict | list)


def _plan_lines(plan: ImagePlan) -> list[str]:
    lines = [
        f"image     {plan.name}",
        *(f"          {name}" for name in plan.names[1:]),
        f"platform  {plan.platform}" if plan.platform else f"kind      {plan.kind}",
        f"digest    {plan.digest}  {plan.media_type}",
    ]
    if plan.platforms:
        lines += [
            f"index     {plan.root_digest}  {plan.root_media_type}",
            f"has       {', '.join(plan.platforms)}",
        ]
    lines.append(f"config    {_layer_line(plan.config)}")
    lines += [f"layer {place:<4}{_layer_line(layer)}" for place, layer in enumerate(plan.layers, 1)]
    lines += [f"beside    {_layer_line(companion)}" for companion in plan.companions]
    lines += [
        f"download  {size(plan.to_download)}",
        f"archive   {plan.archive}  {size(plan.archive_size) if plan.archive_size is not None else ''}".rstrip(),
    ]
    if plan.quota:
        lines.append(f"quota     {left_of(plan.quota)}")
    return lines


def _layer_line(layer: LayerPlan) -> str:
    return f"{layer.digest}  {size(layer.size):>9}  {'cached' if layer.cached else '      '}  {layer.media_type}"


def _details_lines(details: ImageDetails) -> list[str]:
    if details.config is None:
        return _artifact_lines(details)
    config = details.config.value
    run = config.config
    rows: list[tuple[str, str]] = [
        ("image", details.reference.archive_name),
        ("platform", str(details.platform or "")),
        ("digest", str(details.manifest.descriptor.digest)),
        ("created", config.created or ""),
        ("author", config.author or ""),
    ]
    if run:
        rows += [
            ("entrypoint", shlex.join(_list(run.entrypoint))),
            ("command", shlex.join(_list(run.cmd))),
            ("user", run.user or ""),
            ("folder", run.working_dir or ""),
            *rows_of("env", _list(run.env)),
            *rows_of("port", run.exposed_ports or ()),
            *rows_of("volume", run.volumes or ()),
            *rows_of("label", (f"{key}={value}" for key, value in (run.labels or {}).items())),
            ("signal", run.stop_signal or ""),
        ]
    return [f"{label:<12}{value}" for label, value in rows if value] + _history_lines(details)


def _list(words: Words) -> Sequence[str]:
    return [words] if isinstance(words, str) else words or ()


def _artifact_lines(details: ImageDetails) -> list[str]:
    """No container image: what it is, and the files in it."""
    manifest = details.manifest.value
    rows = [
        ("artifact", details.reference.archive_name),
        ("kind", describe(manifest)),
        ("type", artifact_type(manifest)),
        ("digest", str(details.manifest.descriptor.digest)),
        *rows_of("note", (f"{key}={value}" for key, value in (manifest.annotations or {}).items())),
    ]
    files = [
        f"{size(layer.size):>9}  {layer.annotation('org.opencontainers.image.title') or layer.media_type}"
        for layer in manifest.layers
    ]
    return [f"{label:<12}{value}" for label, value in rows + rows_of("file", files)]


def _history_lines(details: ImageDetails) -> list[str]:
    layers = iter(details.manifest.value.layers)
    lines: list[str] = []
    for step in (details.config.value.history if details.config else None) or ():
        layer = None if step.empty_layer else next(layers, None)
        amount = size(layer.size) if layer else "-"
        lines.append(f"{'history' if not lines else '':<12}{amount:>9}  {' '.join((step.created_by or '').split())}")
    return lines
