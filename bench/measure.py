"""What a command costs: time, processor time, memory."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
# No case takes nearly as long.
_TIMEOUT = 900.0
_POLL = 0.005
_GONE_WITHIN = 2.0


class CommandFailed(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """seconds: by the clock; cpu: seconds of processor time, children included; peak: bytes of memory, of the
    largest process."""

    seconds: float
    cpu: float
    peak: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(seconds=self.seconds + other.seconds, cpu=self.cpu + other.cpu, peak=max(self.peak, other.peak))


NOTHING = Cost(seconds=0.0, cpu=0.0, peak=0)


def cost_of(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Runs it in `folder`. Raises CommandFailed, with what it said."""
    report, output = folder / "cost.json", folder / "said"
    with started([sys.executable, "-I", "-S", str(_LAUNCHER), str(report), *command], folder, environment) as process:
        process.wait(_TIMEOUT)
    told = json.loads(report.read_text())
    if told.pop("status"):
        said = output.read_text(errors="replace")[-600:].strip()
        raise CommandFailed(f"{' '.join(command)}: {said}")
    return Cost(**told)


def kill_when(
    condition: Callable[[], bool], command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> None:
    """Starts the command and kills it as a power cut would, once `condition` is true. Raises CommandFailed."""
    with started(command, folder, environment) as process:
        while not condition():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLL)
                raise CommandFailed(f"{' '.join(command)}: ended before it was killed")


def _wait_for_group(group: int) -> None:
    """Until its last member is gone: a killed process lets go of its files a little later."""
    deadline = time.monotonic() + _GONE_WITHIN
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(_POLL)


@contextlib.contextmanager
def started(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A running command; it and its children are gone afterwards."""
    with (folder / "said").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        # The group of this one process: only who was started here is in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _wait_for_group(process.pid)
