"""The images that a file names: a plain list, a Compose file, or Kubernetes manifests (Helm's output too).

Sources: compose-spec, 05-services.md `image` and 12-interpolation.md; Kubernetes API, PodSpec.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dget.errors import UsageError

_SIZE_MAX = 16 << 20
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
# `$$`, `$NAME`, `${NAME}`, `${NAME:-else}`, `${NAME-else}`, `${NAME:?message}`, `${NAME?message}`, `${NAME:+instead}`.
_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<word>[^}]*))?\})"
)
_ENV_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")


def read_image_list(path: str, environment: Mapping[str, str]) -> list[str]:
    """Each image once, in the order of the file. path: `-` is standard input. Raises UsageError."""
    name = "standard input" if path == "-" else path
    images = list(dict.fromkeys(_images(_read(path), name, Path(path), environment)))
    if not images:
        raise UsageError(
            f"{name} names no image",
            hint="one image a line, a Compose file with `image:`, or Kubernetes manifests with containers",
        )
    return images


def _read(path: str) -> str:
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_SIZE_MAX + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(_SIZE_MAX + 1)
    except OSError as error:
        raise UsageError(f"cannot read the list of images {path}: {error.strerror}") from error
    if len(data) > _SIZE_MAX:
        raise UsageError(f"{path} is larger than {_SIZE_MAX >> 20} MB: no list of images")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text: no list of images") from error


def _images(text: str, name: str, path: Path, environment: Mapping[str, str]) -> Iterator[str]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    if not any(re.match(r"[\w\"'.-]+:(\s|$)|---", line) for line in lines):
        yield from filter(None, lines)
        return
    for document in _yaml_documents(text, name):
        services = document.get("services")
        if isinstance(services, dict) and "kind" not in document:
            yield from _compose_images(services, _interpolation(name, path, environment))
        else:
            yield from _pod_images(document, set())


def _yaml_documents(text: str, name: str) -> list[dict[str, Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = list(yaml.load_all(text, Loader=loader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UsageError(
            f"{name}{where}: cannot be read as YAML ({getattr(error, 'problem', None) or error})"
        ) from error
    return [document for document in documents if isinstance(document, dict)]


def _compose_images(services: dict[str, Any], interpolate: Callable[[str], str]) -> Iterator[str]:
    """A service that is built has no image to pull."""
    for service in services.values():
        if isinstance(service, dict) and isinstance(service.get("image"), str):
            yield interpolate(service["image"])


def _pod_images(node: Any, seen: set[int]) -> Iterator[str]:
    """Of the containers and image volumes anywhere below. seen: aliases may lead in circles, or multiply."""
    if not isinstance(node, dict | list) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, list):
        for item in node:
            yield from _pod_images(item, seen)
        return
    for key in _CONTAINERS:
        yield from (image for item in _dicts(node.get(key)) if isinstance(image := item.get("image"), str))
    for volume in _dicts(node.get("volumes")):
        source = volume.get("image")
        if isinstance(source, dict) and isinstance(source.get("reference"), str):
            yield source["reference"]
    for value in node.values():
        yield from _pod_images(value, seen)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _interpolation(name: str, path: Path, environment: Mapping[str, str]) -> Callable[[str], str]:
    """Variables of the environment, else of the `.env` beside the file."""
    beside = path.parent / ".env"
    known = {**(_env_file(beside) if name == str(path) and beside.is_file() else {}), **environment}

    def value(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        variable, how, word = found["plain"] or found["name"], found["how"] or "", found["word"] or ""
        given = known.get(variable)
        there = bool(given) if how.startswith(":") else given is not None
        match how[-1:]:
            case "+":
                return word if there else ""
            case "-" if not there:
                return word
            case _ if not there:
                raise UsageError(f"{name}: the variable {variable} is not set{f': {word}' if word else ''}")
        return given or ""

    return lambda text: _VARIABLE.sub(value, text)


def _env_file(path: Path) -> dict[str, str]:
    found = map(_ENV_LINE.fullmatch, path.read_text(errors="replace").splitlines())
    return {line[1]: line[2].strip("\"'") for line in found if line}
