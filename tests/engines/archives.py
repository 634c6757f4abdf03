"""What the engines are given: archives that dget makes of images which prove, when they run, that every layer is there."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

from dget.config import machine_platform
from tests.parts.images import DEBIAN_NAMES, Image, Kind, busybox, busybox_layers, single

SUFFIXES = (".tar", ".tar.gz")
_MESSAGE = "every layer is in its place"
# What the upper layer holds, read by a program from the lower one; and the hash of that program.
_COMMAND = ("/bin/busybox", "sh", "-c", "busybox cat /etc/text; echo; busybox sha256sum < /bin/busybox")
_PULLED_WITHIN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """An image, and what dget made of it. name: fully qualified; familiar: as Docker shows it; files: by suffix."""

    name: str
    familiar: str
    image: Image
    files: Mapping[str, Path]

    @property
    def manifest(self) -> str:
        return self.image.root.digest

    @property
    def config(self) -> str:
        digest: str = json.loads(self.image.root.raw)["config"]["digest"]
        return digest

    @property
    def diff_ids(self) -> list[str]:
        digests: list[str] = json.loads(self.image.blobs[self.config])["rootfs"]["diff_ids"]
        return digests

    def copied_to(self, folder: Path) -> Self:
        return replace(self, files={suffix: Path(shutil.copy(file, folder)) for suffix, file in self.files.items()})


def architecture() -> str:
    """This machine's. Skips where there is no test image for it."""
    found = machine_platform().architecture
    if found not in DEBIAN_NAMES:
        pytest.skip(f"there is no test image for {found}")
    return found


def greeting(kind: Kind) -> Image:
    """An image for this machine, of two layers. What it prints: `printed_by_greeting`."""
    return single(kind, architecture(), busybox_layers(architecture(), _MESSAGE), _COMMAND)


def printed_by_greeting() -> str:
    return f"{_MESSAGE}\n{hashlib.sha256(busybox(architecture())).hexdigest()}  -"


def new_person(home: Path) -> dict[str, str]:
    """Their environment."""
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": str(home), "NO_PROXY": "*"}


def pull(folder: Path, name: str, familiar: str, image: Image, options: Sequence[str] = ()) -> Pulled:
    """By dget, as a new person runs it: an archive a suffix."""
    files = {suffix: folder / f"image{suffix}" for suffix in SUFFIXES}
    environment = new_person(folder / "home")
    for file in files.values():
        command = [sys.executable, "-m", "dget", *options, "--no-cache", "-o", str(file), familiar]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_PULLED_WITHIN, check=False
        )
        assert done.returncode == 0, done.stderr
    return Pulled(name=name, familiar=familiar, image=image, files=files)
