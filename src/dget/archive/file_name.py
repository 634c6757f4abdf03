"""Where an archive goes, and what it is called where the person gives no name."""

import hashlib
import os
import re
from pathlib import Path

from dget.errors import UsageError
from dget.model import Platform, Reference

# What Windows forbids in a file name, and control characters.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
# Names that Windows keeps for devices, whatever follows their first dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
# File systems take 255 bytes, also of the names of the files beside it while it is written.
_NAME_MAX = 200

_OTHER_SUFFIXES = frozenset(
    (".7z", ".bz2", ".lz4", ".rar", ".tbz", ".tbz2", ".tlz", ".txz", ".tzst", ".xz", ".zip", ".zst")
)


def default_file_name(reference: Reference, platform: Platform, suffix: str = ".tar.gz") -> str:
    """`alpine_3.20_linux-arm64.tar.gz`."""
    name = reference.familiar_name.rpartition("/")[2]
    built_for = "-".join(part for part in (platform.os, platform.architecture, platform.variant) if part)
    safe = _FORBIDDEN.sub("-", f"{name}_{reference.label}_{built_for}")
    if len(safe) > _NAME_MAX:
        distinct = hashlib.sha256(safe.encode()).hexdigest()[:12]
        safe = f"{safe[: _NAME_MAX - 13]}_{distinct}"
    return f"_{safe}{suffix}" if _DEVICE.match(safe) else f"{safe}{suffix}"


def check_output(output: str | None) -> None:
    """Raises UsageError where `-o output` is of a kind that dget cannot write."""
    if output == "-":
        raise UsageError(
            "the archive cannot go to standard output: it is written at many places at once",
            hint="name a file with -o",
        )
    suffix = Path(output or "").suffix
    if suffix.lower() in _OTHER_SUFFIXES:
        raise UsageError(f"dget cannot write {suffix} files", hint="name it .tar.gz for Docker, .tar for any engine")


def target_of(output: str | None, reference: Reference, platform: Platform) -> Path:
    """The file that `-o output` means: a folder gets the default name."""
    path = Path(output or ".")
    if output is None or output.endswith(("/", os.sep)) or path.is_dir():
        return path / default_file_name(reference, platform)
    return path
