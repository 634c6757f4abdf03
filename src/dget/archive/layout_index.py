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
    keys = {_key(entry) for entry in added}
    others = [entry for entry in index["manifests"] if _key(entry) not in keys]
    return msgspec.json.encode({**index, "manifests": [*others, *added]})


def _key(entry: dict[str, Any]) -> tuple[object, ...]:
    """What makes two entries one: the name, or what is kept without one."""
    annotations = entry.get("annotations")
    known = annotations if isinstance(annotations, dict) else {}
    if name := known.get(NAME_ANNOTATION):
        return (str(name),)
    return (entry.get("digest"), *sorted((str(key), str(value)) for key, value in known.items()))
