"""Runs a case: its lanes in turn, round by round, each in a fresh folder."""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case, Lane
from bench.images import LAYERS
from bench.measure import CommandFailed, Cost, cost_of, kill_when
from bench.media import Media
from bench.servers import Endpoint, Servers
from bench.tools import Job
from bench.units import MB
from dget.archive import check_archive
from dget.errors import DgetError

# The archive, a tool's own copies of what is in it, and a cache.
_COPIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one lane. fetched: bytes that went to the client, where the server counts them."""

    round: int
    lane: str
    size: int
    cost: Cost
    fetched: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """failures: what went wrong, by lane."""

    case: Case
    samples: Sequence[Sample]
    failures: Mapping[str, str]


def run(case: Case, servers: Servers, media: Media, *, rounds: int, say: Callable[[str], None]) -> CaseResult:
    """Raises Unavailable where the case cannot be run here."""
    samples: list[Sample] = []
    failures: dict[str, str] = {}
    space = max(sum(LAYERS[lane.image]) for lane in case.lanes) * _COPIES + 100 * MB
    media.folder(case.medium, space)
    for number in range(rounds):
        for lane in case.lanes:
            if lane.label in failures:
                continue
            say(f"{case.name}, round {number + 1} of {rounds}: {lane.label}")
            with tempfile.TemporaryDirectory(dir=media.folder(case.medium, space)) as folder:
                try:
                    samples.append(_sample(number, lane, case, servers, Path(folder)))
                except (CommandFailed, DgetError) as error:
                    failures[lane.label] = str(error)
    return CaseResult(case=case, samples=samples, failures=failures)


def _sample(number: int, lane: Lane, case: Case, servers: Servers, folder: Path) -> Sample:
    tool = lane.tool
    job = Job(endpoint=servers.endpoint(lane.way), image=servers.image(lane.image))
    environment = {**_environment(folder), **tool.environment(job)}
    for command in tool.before(job):
        cost_of(command, folder, environment)
    if case.medium != "memory":
        # What others wrote must not be written out during this one's time.
        os.sync()
    before = _passed(job.endpoint)
    if tool.killed:
        half = before + job.image.size // 2
        kill_when(lambda: _passed(job.endpoint) >= half, tool.command(job), folder, environment)
    cost = cost_of(tool.command(job), folder, environment)
    fetched = _passed(job.endpoint) - before if job.endpoint.passed else None
    if tool.archive and number == 0:
        check_archive(folder / tool.archive)
    return Sample(round=number, lane=lane.label, size=job.image.size, cost=cost, fetched=fetched)


def _passed(endpoint: Endpoint) -> int:
    return endpoint.passed() if endpoint.passed else 0


def _environment(folder: Path) -> Mapping[str, str]:
    """Nobody's settings, and every temporary file on the medium that is measured."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    home = str(folder)
    return {**kept, "HOME": home, "TMPDIR": home, "XDG_RUNTIME_DIR": home}
