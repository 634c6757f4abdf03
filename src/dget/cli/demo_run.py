"""What the demo does, step by step."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from dget.api import Client, PullResult
from dget.archive import check_archive
from dget.cli.report import Reporter
from dget.codec import Decompressed
from dget.config import Settings
from dget.serve import Server, answer
from dget.serve.sample import PLATFORMS, REPOSITORY, sample_content

_ENGINE_TIMEOUT = 120


def run_demo(reporter: Reporter, output: str | None) -> PullResult:
    """Serves the sample image, pulls it for this machine, checks the archive, loads and runs it where it can."""
    content = sample_content()
    reporter.note(f"an embedded registry serves a sample image for {', '.join(map(str, PLATFORMS))}")
    with (
        tempfile.TemporaryDirectory(prefix="dget-demo-") as cache,
        Server(lambda wanted: answer(wanted, content)) as server,
    ):
        image = f"{server.address}/{REPOSITORY}:1.0"
        settings = Settings(cache_dir=Path(cache), environment=os.environ)
        with Client(settings, observer=reporter.observe) as client:
            pulled = client.pull(image, output=output)
    names = check_archive(pulled.path)
    reporter.note(f"the archive is whole; it holds {', '.join(names)}")
    _run_by_engines(pulled, reporter)
    return pulled


def _run_by_engines(pulled: PullResult, reporter: Reporter) -> None:
    worked = False
    for engine in ("docker", "podman"):
        if shutil.which(engine) and (printed := _load_and_run(engine, pulled)):
            worked = True
            reporter.note(f"{engine} loaded it and ran it: {printed}")
    if not worked:
        reporter.note("no docker or podman works here; elsewhere the file is loaded as shown below")


def _load_and_run(engine: str, pulled: PullResult) -> str:
    """What the image printed; empty where this engine does not work here. The image is removed again."""
    try:
        # Plain and by a pipe: the way in which every version of both takes it.
        _engine([engine, "load"], _unpacked(pulled.path))
    except (OSError, subprocess.SubprocessError):
        return ""
    try:
        return _engine([engine, "run", "--rm", "--network", "none", pulled.name]).strip()
    except (OSError, subprocess.SubprocessError):
        return ""
    finally:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            _engine([engine, "rmi", pulled.name])


def _unpacked(archive: Path) -> bytes:
    with archive.open("rb") as file:
        return Decompressed(file, str(archive)).read(sys.maxsize)


def _engine(command: list[str], given: bytes = b"") -> str:
    done = subprocess.run(command, input=given, capture_output=True, timeout=_ENGINE_TIMEOUT, check=True)
    return done.stdout.decode(errors="replace")
