"""Whether an archive holds what it says: every blob against the digest that names it."""

import re
import tarfile
from pathlib import Path

import msgspec

from dget.errors import IntegrityError
from dget.model import Digest

_BLOB = re.compile(r"blobs/([a-z0-9]+)/([0-9a-f]+)")
_PIECE = 1 << 20


class _Entry(msgspec.Struct, rename="pascal"):
    config: str
    layers: tuple[str, ...]
    repo_tags: tuple[str, ...] = ()


def check_archive(path: Path) -> list[str]:
    """The names that the archive's images have.

    Raises IntegrityError where a blob does not match its digest or is missing, or the file cannot be read.
    """
    try:
        with tarfile.open(path) as tar:
            return _check_members(path, tar)
    except (tarfile.TarError, OSError, EOFError, ValueError, msgspec.DecodeError) as error:
        raise IntegrityError(f"{path} is not a whole archive: {error}") from error


def _check_members(path: Path, tar: tarfile.TarFile) -> list[str]:
    seen: set[str] = set()
    entries: list[_Entry] = []
    for member in tar:
        seen.add(member.name)
        if blob := _BLOB.fullmatch(member.name):
            _check_blob(path, tar, member, Digest(blob[1], blob[2]))
        elif member.name == "manifest.json":
            content = tar.extractfile(member)
            assert content is not None
            entries = msgspec.json.decode(content.read(), type=list[_Entry])
    wanted = {name for entry in entries for name in (entry.config, *entry.layers)}
    if not entries or not wanted <= seen:
        raise IntegrityError(f"{path} lacks {', '.join(sorted(wanted - seen)) or 'manifest.json'}")
    return [name for entry in entries for name in entry.repo_tags]


def _check_blob(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, digest: Digest) -> None:
    content = tar.extractfile(member)
    hasher = digest.hasher()
    while content and (piece := content.read(_PIECE)):
        hasher.update(piece)
    if hasher.hexdigest() != digest.hex:
        raise IntegrityError(f"{path}: the bytes of {digest} do not match their digest")
