"""`index.json` of an OCI layout to which images are added, one after the other."""

from pathlib import Path
from typing import Any

import msgspec

from dget.archive.documents import NAME_ANNOTATION, index_entries
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
    """The index with the entries of `contents`: in place of those of the same names, beside all others.

    Their ref.name is the full name, so that it stays distinct, and the same, whatever is added later.
    """
    added = index_entries(contents)
    names = {_name(entry) for entry in added} - {None}
    digests = {entry["digest"] for entry in added if _name(entry) is None}
    others = [
        entry
        for entry in index["manifests"]
        if _name(entry) not in names and (entry.get("annotations") or entry.get("digest") not in digests)
    ]
    return msgspec.json.encode({**index, "manifests": [*others, *added]})


def _name(entry: dict[str, Any]) -> str | None:
    annotations = entry.get("annotations")
    name = annotations.get(NAME_ANNOTATION) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else None
