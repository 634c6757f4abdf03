"""Where an archive goes, and what it is called where the person gives no name."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from dget.archive.form import Form, Format
from dget.errors import UsageError
from dget.model import Platform, Reference

# Names and platforms of honest images have none of these. Some are forbidden on Windows, some act on a terminal or a
# shell, some turn text round or are long in bytes.
_FORBIDDEN = r"[^A-Za-z0-9._+\[\]-]"
# Names that Windows keeps for devices, whatever follows their first dot.
_DEVICE = r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)"
# File systems take 255 bytes, also of the names of the files beside it while it is written.
_NAME_MAX = 200


def default_file_name(
    reference: Reference, platform: Platform | None, suffix: str = ".tar.gz", *, full_name: bool = False
) -> str:
    """`app_1_linux-arm64.tar.gz`; `chart_1.0.tar` of what has no platform; `quay.io-a-app_1_…` in full."""
    name = reference.familiar_name if full_name else reference.familiar_name.rpartition("/")[2]
    built_for = (platform.os, platform.architecture, platform.variant) if platform else ()
    parts = (name, reference.label, "-".join(part for part in built_for if part))
    safe = re.sub(_FORBIDDEN, "-", "_".join(part for part in parts if part))
    if len(safe) > _NAME_MAX:
        distinct = hashlib.sha256(safe.encode()).hexdigest()[:12]
        safe = f"{safe[: _NAME_MAX - 13]}_{distinct}"
    if not suffix:
        # Windows takes such a name for the one without.
        safe = safe.rstrip(".")
    return f"_{safe}{suffix}" if re.match(_DEVICE, safe) else f"{safe}{suffix}"


def find_namesakes(references: Mapping[str, Reference]) -> frozenset[str]:
    """Of images, those whose default file name another one has too. references: of each image as it was asked for.

    Raises UsageError where their names in full are equal too.
    """
    # One image a reference: the same image again may replace its file.
    once = {(one.name, one.selector): image for image, one in references.items()}.values()
    short = {image: default_file_name(references[image], None) for image in once}
    found = frozenset(image for same in _equal(short) for image in same)
    final = short | {image: default_file_name(references[image], None, full_name=True) for image in found}
    for same in _equal(final):
        raise UsageError(
            f"{' and '.join(same)} would go into one file",
            hint="put them into one archive, -o FILE; or call dget for each with another -o",
        )
    return found


def _equal(names: Mapping[str, str]) -> list[list[str]]:
    """The images of equal file names. Not every file system tells upper from lower case."""
    named: dict[str, list[str]] = {}
    for image, name in names.items():
        named.setdefault(name.lower(), []).append(image)
    return [same for same in named.values() if len(same) > 1]


def targets_of(
    output: str | None,
    form: Form,
    reference: Reference,
    platforms: Sequence[Platform | None],
    *,
    full_name: bool = False,
) -> Sequence[Path]:
    """As `target_of`, of one archive a platform. Raises UsageError where they would go into one file."""
    targets = [target_of(output, form, reference, platform, full_name=full_name) for platform in platforms]
    if len(set(targets)) == len(targets):
        return targets
    if output is not None and Path(output) in targets:
        raise UsageError(
            f"a {form.format} holds one platform, and {reference} comes for {', '.join(map(str, platforms))}",
            hint="name a folder with -o for a file each, or keep all in one file: --format oci-archive",
        )
    return [target_of(output, form, reference, _with_version(platform), full_name=full_name) for platform in platforms]


def _with_version(platform: Platform | None) -> Platform | None:
    """Windows builds may differ by their version alone."""
    if platform is None or not platform.os_version:
        return platform
    return msgspec.structs.replace(platform, os=f"{platform.os}-{platform.os_version}")


def target_of(
    output: str | None, form: Form, reference: Reference, platform: Platform | None, *, full_name: bool = False
) -> Path:
    """The file or OCI folder that `-o output` means: a folder for archives gets one of the default name."""
    path = Path(output or ".")
    if output is not None and (form.folder or form.format is Format.OCI_DIR):
        return path
    if output is None or output.endswith(("/", os.sep)) or path.is_dir():
        return path / default_file_name(reference, platform, form.suffix, full_name=full_name)
    return path
