"""What engines really have of an archive that they were given: by what they unpacked, not by what they said."""

import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from tests.parts.engines import Launcher

# Files by name, of an image by name: a full one, or `sha256:<its configuration>` where it has none.
Found: TypeAlias = dict[str, dict[str, bytes]]
Run: TypeAlias = Callable[..., bytes]

_TIMEOUT = 120


def tried(command: Sequence[str]) -> bytes:
    """What it prints, or nothing of one that fails."""
    done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)
    return done.stdout if done.returncode == 0 else b""


def by_docker_or_podman(run: Run, archive: Path) -> Found:
    """Loads, looks at the root file system of every image, and removes all again."""
    run("load", "-i", str(archive))
    listed = run("images", "-aq", "--no-trunc").decode().split()
    found: Found = {}
    for image in dict.fromkeys(listed):
        files = _root_of(run, image)
        told = json.loads(run("image", "inspect", image))[0]
        for name in told["RepoTags"] or [image if image.startswith("sha256:") else f"sha256:{image}"]:
            if files is not None:
                found[name] = files
        run("rmi", "-f", image)
    return found


def _root_of(run: Run, image: str) -> dict[str, bytes] | None:
    container = run("create", "--network", "none", image).decode().strip()
    if not container:
        return None
    packed = run("export", container)
    run("rm", "-f", container)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isreg()}  # type: ignore[union-attr]


def by_ctr(run: Run, archive: Path, mount: Path, *options: str) -> Found:
    """Imports, mounts every image that was unpacked, and removes all again."""
    run("images", "import", "--snapshotter", "native", *options, str(archive))
    found: Found = {}
    for name in run("images", "ls", "-q").decode().split():
        for platform in ("linux/amd64", "linux/arm64"):
            mount.mkdir(exist_ok=True)
            if run("images", "mount", "--snapshotter", "native", "--platform", platform, name, str(mount)):
                found[name] = {
                    str(path.relative_to(mount)): path.read_bytes() for path in mount.rglob("*") if path.is_file()
                }
                run("images", "unmount", "--rm", "--snapshotter", "native", str(mount))
                break
        run("images", "rm", "--sync", name)
    return found


def runner(launcher: Launcher, *program: str) -> Run:
    return lambda *words: tried(launcher([*program, *words]))
