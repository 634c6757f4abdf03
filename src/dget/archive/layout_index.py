"""`index.json` of an OCI layout to which images are added, one after the other."""

from pathlib import Path
from typing import Any

import msgspec

from dget.archive.documents import NAME_ANNOTATION, REF_NAME_ANNOTATION, index_entries
from dget.errors import StorageError
from dget.model import Contents


def read_index(path: Path) -> dict[str, Any]:
    """The document as it is; an empty index where there is none. Raises StorageError where it cannot be read."""
    try:
        found = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        return {"schemaVersion": 2, "manifests": []}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StorageError(f"{path} cannot be read: {error}", hint="name another folder with -o") from error
    index: dict[str, Any] = found if isinstance(found, dict) else {}
    manifests = index.get("manifests")
    if not isinstance(manifests, list) or not all(isinstance(entry, dict) for entry in manifests):
        raise StorageError(f"{path} is no index of images", hint="name another folder with -o")
    return index


def add_images(index: dict[str, Any], contents: Contents) -> bytes:
    """The index with the entries of `contents`: in place of those of the same names, beside all others."""
    added = index_entries(contents)
    names = {_name(entry) for entry in added} - {None}
    digests = {entry["digest"] for entry in added if _name(entry) is None}
    others = [
        entry
        for entry in index["manifests"]
        if _name(entry) not in names and (_annotations(entry) or entry.get("digest") not in digests)
    ]
    entries = [*others, *added]
    several = sum(_ref_name(entry) is not None for entry in entries) > 1
    return msgspec.json.encode({**index, "manifests": [_distinct(entry, several=several) for entry in entries]})


def _distinct(entry: dict[str, Any], *, several: bool) -> dict[str, Any]:
    """Among several images only full names are distinct. What other tools wrote stays as it is."""
    name = _name(entry)
    if name is None:
        return entry
    ref_name = name if several else name.rpartition(":")[2]
    return {**entry, "annotations": {**_annotations(entry), REF_NAME_ANNOTATION: ref_name}}


def _name(entry: dict[str, Any]) -> str | None:
    name = _annotations(entry).get(NAME_ANNOTATION)
    return name if isinstance(name, str) else None


def _ref_name(entry: dict[str, Any]) -> object:
    return _annotations(entry).get(REF_NAME_ANNOTATION)


def _annotations(entry: dict[str, Any]) -> dict[str, Any]:
    annotations = entry.get("annotations")
    return annotations if isinstance(annotations, dict) else {}
