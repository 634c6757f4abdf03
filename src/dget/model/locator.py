"""Where an image is, in one word: a name at a registry, or a file or folder that holds images.

Grammar of the prefixes and of what follows the path: containers-transports(5), as skopeo and podman read it.
"""

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from dget.errors import UsageError
from dget.model.digest import Digest
from dget.model.reference import DOCKER_HUB, Reference

Transport: TypeAlias = Literal["docker-archive", "oci-archive", "oci"]

_TRANSPORTS: tuple[Transport, ...] = ("docker-archive", "oci-archive", "oci")
_ENGINES = ("containers-storage:", "docker-daemon:", "ostree:", "dir:")
_ARCHIVE_SUFFIX = re.compile(r"\.(tar(\.\w+)?|tgz|tzst|tbz2?|txz)$", re.IGNORECASE)
_PATH_START = re.compile(r"\.{0,2}[/\\]|[A-Za-z]:[/\\]")
_DRIVE = re.compile(r"[A-Za-z]:(?=[/\\])")
_DIGEST_SUFFIX = re.compile(r"@(sha(?:256|512):[0-9a-zA-Z]*)$")


class FileLocator(msgspec.Struct, frozen=True, kw_only=True):
    """A file or an OCI folder, and which of its images: by name (or tag), by place from 0, or by digest.

    transport: how it is to be read; None means as its content says.
    """

    path: str
    transport: Transport | None = None
    name: str | None = None
    place: int | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        prefix = f"{self.transport}:" if self.transport else ""
        name = f":{self.name}" if self.name else ""
        place = f":@{self.place}" if self.place is not None else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{prefix}{self.path}{name}{place}{digest}"


Locator: TypeAlias = Reference | FileLocator


def parse_locator(text: str, *, holds_image: Callable[[str], bool], default_domain: str = DOCKER_HUB) -> Locator:
    """A file where the word has a transport's prefix, is written as a path, or `holds_image`; else a reference.

    holds_image: whether the path leads to an archive or OCI folder. `docker://` before a word makes it a reference in
    any case. Raises UsageError.
    """
    for transport in _TRANSPORTS:
        if text.startswith(f"{transport}:"):
            return _parse_file(text.removeprefix(f"{transport}:"), transport, holds_image)
    if text.startswith(_ENGINES):
        raise UsageError(
            f"{text!r}: dget reads registries and files, no engine's own store",
            hint="save the image into a file first, for example: docker save IMAGE -o x.tar",
        )
    if text and not text.startswith("docker://") and (looks_like_path(text) or holds_image(text)):
        return _parse_file(text, None, holds_image)
    return Reference.parse(text, default_domain=default_domain)


def looks_like_path(text: str) -> bool:
    """Whether a word is written as a path: `./x`, `/x`, `x.tar`, `x.tgz:NAME:TAG`."""
    path, _ = _split(_DIGEST_SUFFIX.sub("", text))
    return bool(_PATH_START.match(text) or _ARCHIVE_SUFFIX.search(path))


def _parse_file(text: str, transport: Transport | None, holds_image: Callable[[str], bool]) -> FileLocator:
    if holds_image(text):
        return FileLocator(path=text, transport=transport)
    rest, digest = text, None
    if found := _DIGEST_SUFFIX.search(text):
        rest = text[: found.start()]
        try:
            digest = Digest.parse(found[1])
        except ValueError:
            raise UsageError(f"invalid digest {found[1]!r} in {text!r}") from None
    path, selector = _split(rest)
    if not path:
        raise UsageError(f"{transport or text}: names no file", hint="for example: dget inspect docker-archive:x.tar")
    if not selector.startswith("@"):
        return FileLocator(path=path, transport=transport, name=selector or None, digest=digest)
    if not selector[1:].isdecimal() or len(selector) > 7:
        raise UsageError(f"{selector!r} in {text!r} is no image's place", hint="the first image in a file is @0")
    return FileLocator(path=path, transport=transport, place=int(selector[1:]), digest=digest)


def _split(text: str) -> tuple[str, str]:
    """The path, and what follows its colon; a drive's colon on Windows is none."""
    drive = found[0] if (found := _DRIVE.match(text)) else ""
    path, _, selector = text.removeprefix(drive).partition(":")
    return drive + path, selector
