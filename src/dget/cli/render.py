"""Results as text for people, as a line for scripts, or as JSON."""

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from dget.api import (
    ArchiveCheck,
    ConfigPath,
    CopyResult,
    Diagnosis,
    ImageDetails,
    ImagePlan,
    LayerPlan,
    LoginResult,
    LogoutResult,
    ManyResult,
    PullResult,
    QuotaReport,
    TagList,
)
from dget.api.cache import CachePaths, CacheUsage, PruneResult, VerifyResult
from dget.archive import STREAM
from dget.cli.check_lines import check_lines
from dget.cli.listing import Listing, listing_text
from dget.cli.load_commands import load_commands
from dget.cli.render_cache import ImageTable, cache_lines
from dget.cli.render_setup import left_of, setup_lines
from dget.cli.units import clean, duration, rate, size
from dget.errors import DgetError, Partial
from dget.model.artifact_kind import artifact_type, describe
from dget.model.image_config import Words

SCHEMA = 1


def text(result: Any) -> bytes:
    """What standard output gets."""
    match result:
        case bytes():
            return result
        case PullResult() | ManyResult() if result.path == STREAM:
            return b""
        case PullResult() | ManyResult():
            return f"{result.path}\n".encode(errors="surrogateescape")
        case CopyResult():
            return f"{result.target}\n".encode(errors="surrogateescape")
        case Listing():
            return listing_text(result)
    return "".join(f"{clean(line)}\n" for line in _lines(result)).encode(errors="replace")


def _lines(result: Any) -> Iterable[str]:
    match result:
        case ImagePlan():
            return _plan_lines(result)
        case TagList():
            return result.tags
        case ImageDetails():
            return _details_lines(result)
        case ConfigPath() | QuotaReport() | Diagnosis():
            return setup_lines(result)
        case LoginResult():
            return _login_lines(result)
        case LogoutResult():
            return _logout_lines(result)
        case ArchiveCheck():
            return check_lines(result)
        case ImageTable() | CacheUsage() | CachePaths() | PruneResult() | VerifyResult():
            return cache_lines(result)
    raise DgetError(f"no text for a {type(result).__name__}")


def summary(result: Any) -> str:
    """What standard error gets beside it."""
    if isinstance(result, CopyResult):
        files = "1 file" if result.files == 1 else f"{result.files} files"
        return clean(f"{result.path} is at {result.target} now: {files}, {size(result.size)}")
    if not isinstance(result, PullResult | ManyResult):
        return ""
    if result.kept:
        return clean(f"{result.path} is there already: kept (--no-clobber)")
    cached = f", {size(result.reused)} of it here already" if result.reused else ""
    speed = f", {rate(result.fetched / result.seconds)}" if result.fetched and result.seconds else ""
    rows = [
        *_image_rows(result),
        (
            "file",
            f"{'standard output' if result.path == STREAM else result.path}  {size(result.size)}, {result.layers} layers{cached}",
        ),
        *([("beside", f"{result.companions} attestations and referrers")] if result.companions else []),
        *_converted_rows(result),
        ("time", f"{duration(result.seconds)}{speed}"),
        *([("quota", f"{left_of(result.quota)}: it runs low")] if result.quota and result.quota.low else []),
        *load_commands(result),
    ]
    return "\n".join(f"{clean(label):8}{clean(value)}" for label, value in rows)


def _image_rows(result: PullResult | ManyResult) -> list[tuple[str, str]]:
    if isinstance(result, PullResult):
        return [("image", f"{result.name}  {result.platform or result.kind}"), ("digest", result.digest)]
    return _many("image", (f"{one.name}  {one.platform or one.kind}  {one.digest}" for one in result.images))


def _converted_rows(result: PullResult | ManyResult) -> list[tuple[str, str]]:
    images = (result,) if isinstance(result, PullResult) else result.images
    old = [one.converted_from for one in images if one.converted_from]
    return _many("was", (f"Docker's old schema 1, converted: {digest}" for digest in old))


def json_text(results: Sequence[Any], *, single: bool) -> str:
    """One object; several results stand in its `results`."""
    if single and isinstance(results[0], bytes):
        return results[0].decode(errors="replace")
    body = _plain(results[0]) if single else {"results": [_plain(result) for result in results]}
    return json.dumps({"schema": SCHEMA, **body}, indent=2) + "\n"


def error_json(error: DgetError, results: Sequence[Any] = ()) -> str:
    """results: what went well before it."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "exit_status": error.exit_status}
    if error.hint:
        body["hint"] = error.hint
    if isinstance(error, Partial):
        body["failures"] = _failures(error.failures)
    done = {"results": [_plain(result) for result in results]} if results else {}
    return json.dumps({"schema": SCHEMA, **done, "error": body}, indent=2) + "\n"


def _failures(failures: Iterable[tuple[str, DgetError]]) -> list[dict[str, str]]:
    return [{"image": name, "code": one.code, "message": one.message} for name, one in failures]


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one for each kind
    match value:
        case Listing():
            return _plain(value.result)
        case ImageTable():
            return {"images": [_plain(image) for folder in value.usage.folders for image in folder.images]}
        case ImageDetails():
            return {
                "image": str(value.reference),
                "platform": str(value.platform or ""),
                "digest": str(value.manifest.descriptor.digest),
                "manifest": json.loads(value.manifest.raw),
                "config": json.loads(value.config.raw) if value.config else None,
            }
        case ManyResult():
            named = {one.name: getattr(value, one.name) for one in fields(value)}
            return _plain({**named, "failures": _failures(value.failures)})
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {key: _plain(item) for key, item in asdict(value).items()}
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case Path():
            return str(value)
    return value


def _plan_lines(plan: ImagePlan) -> list[str]:
    lines = [
        f"image     {plan.name}",
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
            *_many("env", _list(run.env)),
            *_many("port", run.exposed_ports or ()),
            *_many("volume", run.volumes or ()),
            *_many("label", (f"{key}={value}" for key, value in (run.labels or {}).items())),
            ("signal", run.stop_signal or ""),
        ]
    return [f"{label:<12}{value}" for label, value in rows if value] + _history_lines(details)


def _list(words: Words) -> Sequence[str]:
    return [words] if isinstance(words, str) else words or ()


def _login_lines(login: LoginResult) -> list[str]:
    lines = [f"{login.registry}: logged in as {login.username}; kept in {login.kept_in}"]
    if login.in_clear:
        lines.append("who can read that file can read the password; a credential helper or a keyring keeps it safer")
    if not login.checked:
        lines.append(f"{login.registry} lets everybody in, so the password could not be checked")
    return lines


def _logout_lines(logout: LogoutResult) -> list[str]:
    if logout.removed_from:
        lines = [f"{logout.registry}: logged out; removed from {logout.removed_from}"]
    else:
        lines = [f"{logout.registry}: dget was not logged in"]
    if logout.still_in:
        lines.append(f"another tool's credentials are still used: {logout.still_in}")
    return lines


def _many(label: str, values: Iterable[str]) -> list[tuple[str, str]]:
    return [(label if place == 0 else "", value) for place, value in enumerate(values)]


def _artifact_lines(details: ImageDetails) -> list[str]:
    """No container image: what it is, and the files in it."""
    manifest = details.manifest.value
    rows = [
        ("artifact", details.reference.archive_name),
        ("kind", describe(manifest)),
        ("type", artifact_type(manifest)),
        ("digest", str(details.manifest.descriptor.digest)),
        *_many("note", (f"{key}={value}" for key, value in (manifest.annotations or {}).items())),
    ]
    files = [
        f"{size(layer.size):>9}  {layer.annotation('org.opencontainers.image.title') or layer.media_type}"
        for layer in manifest.layers
    ]
    return [f"{label:<12}{value}" for label, value in rows + _many("file", files)]


def _history_lines(details: ImageDetails) -> list[str]:
    layers = iter(details.manifest.value.layers)
    lines: list[str] = []
    for step in (details.config.value.history if details.config else None) or ():
        layer = None if step.empty_layer else next(layers, None)
        amount = size(layer.size) if layer else "-"
        lines.append(f"{'history' if not lines else '':<12}{amount:>9}  {' '.join((step.created_by or '').split())}")
    return lines
