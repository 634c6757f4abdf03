"""Results as text for people, as a line for scripts, or as JSON."""

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from dget.cli.units import clean
from dget.errors import DgetError, Partial

SCHEMA = 1
# Which module shows a result, by its type: loaded on demand, so that a pull does not wait for what shows the cache. Each
# has `lines` for people, or `text`, the very bytes; `summary` and `plain`, what JSON is made of, where they are special.
_HOMES = {
    **dict.fromkeys(("PullResult", "ManyResult"), "render_pull"),
    **dict.fromkeys(("ImagePlan", "ImageDetails", "TagList"), "render_image"),
    **dict.fromkeys(("Listing", "CopyResult"), "render_files"),
    **dict.fromkeys(("ConfigPath", "ConfigInEffect", "LoginResult", "LogoutResult", "QuotaReport"), "render_setup"),
    **dict.fromkeys(("ImageTable", "CacheUsage", "CachePaths", "PruneResult", "VerifyResult"), "render_cache"),
    "Diagnosis": "render_doctor",
    "ArchiveCheck": "render_check",
}


def text(result: Any) -> bytes:
    """What standard output gets."""
    if isinstance(result, bytes):
        return result
    home = _home(result)
    if exact := getattr(home, "text", None):
        told: bytes = exact(result)
        return told
    return "".join(f"{clean(line)}\n" for line in home.lines(result)).encode(errors="replace")


def summary(result: Any) -> str:
    """What standard error gets beside it."""
    if isinstance(result, bytes) or not (summarise := getattr(_home(result), "summary", None)):
        return ""
    told: str = summarise(result)
    return told


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
        from dget.cli.render_pull import plain_failures

        body["failures"] = plain_failures(error.failures)
    done = {"results": [_plain(result) for result in results]} if results else {}
    return json.dumps({"schema": SCHEMA, **done, "error": body}, indent=2) + "\n"


def _home(result: Any) -> Any:
    name = type(result).__name__
    if name not in _HOMES:
        raise DgetError(f"no text for a {name}")
    return import_module(f"dget.cli.{_HOMES[name]}")


def _plain(value: Any) -> Any:
    if type(value).__name__ in _HOMES and (plain := getattr(_home(value), "plain", None)):
        value = plain(value)
    match value:
        case msgspec.Struct():
            return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case Path():
            return str(value)
    return value
