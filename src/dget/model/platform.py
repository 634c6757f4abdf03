"""What an image is built for, and which of several builds suits a machine.

The order of preference is containerd's: github.com/containerd/platforms, compare.go and database.go.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self, TypeAlias

import msgspec

from dget.errors import UsageError

_OPERATING_SYSTEMS = frozenset(
    "aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasi wasip1 windows".split()
)
# (architecture, variant) by the names that kernels and distributions use.
_ALIASES = {
    "aarch64": ("arm64", ""),
    "armel": ("arm", "v6"),
    "armhf": ("arm", "v7"),
    "armv5l": ("arm", "v5"),
    "armv6l": ("arm", "v6"),
    "armv7": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armv8l": ("arm", "v7"),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "loongarch64": ("loong64", ""),
    "ppc64el": ("ppc64le", ""),
    "x86-64": ("amd64", ""),
    "x86_64": ("amd64", ""),
    "x64": ("amd64", ""),
}
# The variant that an architecture means when it names none.
_BASE_VARIANT = {"amd64": "v1", "arm64": "v8"}
_PART = re.compile(r"[A-Za-z0-9_.+-]+")
_WINDOWS = r"(\w+)\(([0-9.]+)\)"
_VERSION = r"v(\d{1,2})(?:\.(\d{1,2}))?"


# Registries' JSON is made to be read by Go, to which null is the empty value.
if TYPE_CHECKING:
    _Text: TypeAlias = str
    _Texts: TypeAlias = tuple[str, ...]
else:
    _Text = str | None
    _Texts = tuple[str, ...] | None


class Platform(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operating system, an architecture and its variant, as they were written.

    Source: OCI image specification, image-index.md, `platform`.
    """

    os: _Text = ""
    architecture: _Text = ""
    variant: _Text = ""
    os_version: _Text = msgspec.field(default="", name="os.version")
    os_features: _Texts = msgspec.field(default=(), name="os.features")

    def __post_init__(self) -> None:
        for name, empty in (("os", ""), ("architecture", ""), ("variant", ""), ("os_version", ""), ("os_features", ())):
            if getattr(self, name) is None:
                msgspec.structs.force_setattr(self, name, empty)

    @classmethod
    def parse(cls, text: str) -> Self:
        """`linux/arm64/v8`, `arm64`, `arm/v7`, `windows(10.0.17763)/amd64`; normalised. Raises UsageError."""
        parts = text.strip().lower().split("/")
        version = ""
        if windows := re.fullmatch(_WINDOWS, parts[0]):
            parts[0], version = windows[1], windows[2]
        if not all(map(_PART.fullmatch, parts)) or len(parts) > 3:
            raise UsageError(
                f"invalid platform {text!r}", hint="write OS/ARCH or OS/ARCH/VARIANT, for example linux/arm64"
            )
        if parts[0] not in _OPERATING_SYSTEMS:
            parts.insert(0, "linux")
        if len(parts) == 1 or len(parts) > 3:
            raise UsageError(f"invalid platform {text!r}: it names no architecture", hint="for example linux/arm64")
        variant = parts[2] if len(parts) == 3 else ""
        return cls(os=parts[0], architecture=parts[1], variant=variant, os_version=version).normalised()

    def normalised(self) -> Self:
        """Aliases replaced, a variant that means nothing left out: `aarch64/v8` is `arm64`."""
        architecture, implied = _ALIASES.get(self.architecture.lower(), (self.architecture.lower(), ""))
        variant = (self.variant or implied).lower()
        if variant.isdigit():
            variant = f"v{variant}"
        variant = re.sub(r"^(v\d+)\.0$", r"\1", variant)
        if architecture == "arm" and not variant:
            variant = "v7"
        if variant == _BASE_VARIANT.get(architecture):
            variant = ""
        return msgspec.structs.replace(self, os=self.os.lower(), architecture=architecture, variant=variant)

    def __str__(self) -> str:
        system = f"{self.os}({self.os_version})" if self.os_version else self.os
        return "/".join(part for part in (system, self.architecture, self.variant) if part)


def choose_platform(available: Sequence[Platform], wanted: Platform) -> int | None:
    """The place in `available` of the build that runs best on `wanted`, or None where none does."""
    wanted = wanted.normalised()
    builds = [build.normalised() for build in available]
    for architecture, variant in _preferences(wanted.architecture, wanted.variant):
        for place, build in enumerate(builds):
            if (build.architecture, build.variant) == (architecture, variant) and _same_system(build, wanted):
                return place
    return None


def _same_system(build: Platform, wanted: Platform) -> bool:
    if build.os != wanted.os:
        return False
    # A Windows container runs on hosts of its own build: major.minor.build are compared, the revision is not.
    if wanted.os_version and build.os_version:
        return build.os_version.split(".")[:3] == wanted.os_version.split(".")[:3]
    return set(wanted.os_features) <= set(build.os_features)


def _preferences(architecture: str, variant: str) -> Iterator[tuple[str, str]]:
    """Architectures and normalised variants that run on this one, best first."""
    version = re.fullmatch(_VERSION, variant or _BASE_VARIANT.get(architecture, ""))
    if version is None:
        yield architecture, variant
        return
    major, minor = int(version[1]), int(version[2] or 0)
    match architecture:
        case "amd64":
            yield from (("amd64", f"v{level}" if level > 1 else "") for level in range(major, 0, -1))
            yield "386", ""
        case "arm":
            yield "arm", variant
            yield from (("arm", f"v{level}") for level in range(major - 1, 4, -1))
        case "arm64" if major in (8, 9):
            yield from (("arm64", level) for level in _arm64_levels(major, minor))
            yield from (("arm", f"v{level}") for level in range(8, 4, -1))
        case _:
            yield architecture, variant


def _arm64_levels(major: int, minor: int) -> Iterator[str]:
    # Armv9.N has all that Armv8.(N+5) has; Armv8 ended at 8.9.
    if major == 9:
        yield from (f"v9.{level}" if level else "v9" for level in range(minor, -1, -1))
        minor = min(minor + 5, 9)
    yield from (f"v8.{level}" if level else "" for level in range(minor, -1, -1))
