"""Which archive is written: its format, and how the file is compressed."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

import msgspec

from dget.errors import UsageError


class Format(StrEnum):
    DOCKER_ARCHIVE = "docker-archive"
    DOCKER_LEGACY = "docker-legacy"
    OCI_ARCHIVE = "oci-archive"
    OCI_DIR = "oci-dir"
    ROOTFS = "rootfs"


class Method(StrEnum):
    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


SUFFIXES: Mapping[str, Method] = {
    ".tar.gz": Method.GZIP,
    ".tgz": Method.GZIP,
    ".tar.zst": Method.ZSTD,
    ".tzst": Method.ZSTD,
    ".tar": Method.NONE,
}
_OTHER_SUFFIXES = (".7z", ".bz2", ".lz4", ".rar", ".tbz", ".tbz2", ".tlz", ".txz", ".xz", ".zip")
# What Docker's own tools and the original wrote, and what everything else takes.
_DEFAULT_METHOD = {Format.DOCKER_ARCHIVE: Method.GZIP, Format.ROOTFS: Method.GZIP}
_LEVELS = {Method.GZIP: range(1, 10), Method.ZSTD: range(1, 23)}
_COMPRESSION = r"([a-z]+)(?::(\d{1,2}))?"


class OuterCompression(msgspec.Struct, frozen=True, kw_only=True):
    """level: None where nothing is to be compressed that the registry compressed already: gzip then wraps only."""

    method: Method
    level: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """`none`, `gzip`, `gzip:9`, `zstd`, `zstd:19`. Raises UsageError."""
        match = re.fullmatch(_COMPRESSION, text.lower())
        known = match is not None and match[1] in set(Method)
        level = int(match[2]) if match and match[2] else None
        if match is None or not known or (level is not None and level not in _LEVELS.get(Method(match[1]), ())):
            raise UsageError(
                f"there is no compression {text!r}",
                hint="choose gzip, gzip:1 to gzip:9, zstd, zstd:1 to zstd:22, or none",
            )
        return cls(method=Method(match[1]), level=level)

    def __str__(self) -> str:
        return f"{self.method}:{self.level}" if self.level else str(self.method)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """folder: whether a root file system is to be a folder, and no tar."""

    format: Format = Format.DOCKER_ARCHIVE
    compression: OuterCompression = OuterCompression(method=Method.GZIP)
    folder: bool = False

    @classmethod
    def of(cls, format: str | None, compress: str | None, output: str | None) -> Self:  # noqa: A002 - the option's name
        """What the options `--format`, `--compress` and `-o` mean together. output: None where no file is named.

        Raises UsageError.
        """
        chosen = _format(format)
        written = None if output is None else method_of_suffix(output)
        if chosen is Format.OCI_DIR:
            if written is not None:
                raise UsageError(
                    f"an oci-dir is a folder, and {output} is named like an archive",
                    hint="name a folder with -o, or take --format oci-archive",
                )
            if compress not in (None, "none"):
                raise UsageError("an oci-dir is a folder: it is not compressed", hint="leave out --compress")
            return cls(format=chosen, compression=OuterCompression(method=Method.NONE))
        if compress is not None:
            return cls(format=chosen, compression=OuterCompression.parse(compress))
        if chosen is Format.ROOTFS and written is None and output not in (None, "-"):
            return cls(format=chosen, compression=OuterCompression(method=Method.NONE), folder=True)
        default = Method.NONE if output == "-" else _DEFAULT_METHOD.get(chosen, Method.NONE)
        return cls(format=chosen, compression=OuterCompression(method=written or default))

    @property
    def is_oci(self) -> bool:
        """Whether it holds several platforms of a name, artifacts, and what is kept beside an image."""
        return self.format in (Format.OCI_ARCHIVE, Format.OCI_DIR)

    @property
    def is_layout(self) -> bool:
        """Whether it is an OCI layout, or that too: Docker's own documents hold no names with a digest."""
        return self.is_oci or self.format is Format.DOCKER_ARCHIVE

    @property
    def suffix(self) -> str:
        """Of the name that a file gets where the person gives none."""
        if self.format is Format.OCI_DIR:
            return ""
        kind = ".rootfs" if self.format is Format.ROOTFS else ""
        return kind + next(
            suffix for suffix, method in SUFFIXES.items() if method is self.compression.method and "tar" in suffix
        )

    def misnamed(self, output: str | None) -> bool:
        """Whether a file's name says another compression: k3s and rke2 go by the suffix."""
        written = None if output is None else method_of_suffix(output)
        return written not in (None, self.compression.method)

    @property
    def placed(self) -> bool:
        """Whether each byte's place in the file is known before the first is written."""
        if self.format in (Format.DOCKER_LEGACY, Format.ROOTFS):
            return False
        return self.compression.method is not Method.ZSTD and self.compression.level is None


def method_of_suffix(name: str) -> Method | None:
    """What a file's name says, in any case of letters; None where it says nothing. Raises UsageError."""
    lower = name.lower()
    for suffix, method in SUFFIXES.items():
        if lower.endswith(suffix):
            return method
    if other := next((suffix for suffix in _OTHER_SUFFIXES if lower.endswith(suffix)), None):
        raise UsageError(
            f"dget cannot write {other} files", hint="name it .tar.gz for Docker, .tar.zst for k3s, .tar for any engine"
        )
    # `.gz` and `.zst` alone say as much.
    return {".gz": Method.GZIP, ".zst": Method.ZSTD}.get(lower[lower.rfind(".") :] if "." in lower else "")


def _format(name: str | None) -> Format:
    try:
        return Format(name) if name else Format.DOCKER_ARCHIVE
    except ValueError:
        raise UsageError(f"there is no format {name!r}", hint=f"choose one of {', '.join(Format)}") from None
