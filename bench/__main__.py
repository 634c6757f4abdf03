"""`make bench`: dget and other tools side by side, against servers that are started here."""

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest

from bench.cases import Case, all_cases
from bench.media import SHARED_MEMORY, Media, Unavailable, warm_memory
from bench.report import as_json, case_line, case_text, verdicts, verdicts_text
from bench.run import CaseResult, run
from bench.servers import Servers
from bench.tools import docker
from tests.parts.dockerd import Dockerd


def main() -> int:
    asked = _arguments().parse_args()
    cases = [case for case in all_cases() if _is_asked(case, asked.case)]
    if asked.list:
        print(*map(case_line, cases if asked.case else all_cases()), sep="\n")
        return 0
    if not cases:
        return _end("no case has that name; --list tells them")
    # SIGTERM unwinds as Ctrl-C does, so that nothing that was started is left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as stack:
            return _measure(stack, cases, asked)
    except KeyboardInterrupt:
        return _end("interrupted; everything that was started is stopped", 130)
    except pytest.skip.Exception as missing:
        return _end(str(missing))


def _measure(stack: contextlib.ExitStack, cases: Sequence[Case], asked: argparse.Namespace) -> int:
    _say("touching memory")
    warm_memory()
    memory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dget-bench-", dir=SHARED_MEMORY)))
    media = stack.enter_context(Media(asked.disk))
    servers = stack.enter_context(Servers(memory))
    if any(fnmatch("docker", pattern) for pattern in asked.peer):
        cases = _with_docker(cases, stack, asked.disk)
    results: list[CaseResult] = []
    found = []
    skipped: dict[str, str] = {}
    for case in cases:
        present, absent = _present(case, asked.peer)
        try:
            result = run(present, servers, media, rounds=asked.rounds, say=_say)
        except Unavailable as reason:
            skipped[case.name] = str(reason)
            continue
        results.append(result)
        found += verdicts(result, absent)
        if not asked.json:
            print(case_text(result), flush=True)
    _say("")
    if asked.json:
        print(json.dumps(as_json(results, found, skipped), indent=1))
        return 0
    if found:
        print(verdicts_text(found))
    print(*(f"{name}: skipped: {why}" for name, why in skipped.items()), sep="\n")
    return 0


def _present(case: Case, peers: Sequence[str]) -> tuple[Case, Mapping[str, str]]:
    """The case with those lanes alone that are asked for and can be run; why the others are not."""
    absent = {}
    for lane in case.lanes:
        if lane.tool.missing:
            absent[lane.label] = f"{lane.tool.program} is not installed"
        elif lane.tool.program and peers and not any(fnmatch(lane.tool.program, pattern) for pattern in peers):
            absent[lane.label] = "not asked for"
    return replace(case, lanes=[lane for lane in case.lanes if lane.label not in absent]), absent


def _with_docker(cases: Sequence[Case], stack: contextlib.ExitStack, disk: Path) -> list[Case]:
    """Docker's pull and save beside the other peers of the plain cases: minutes, so only when it is asked for."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dget-bench-", dir=disk)))
    daemon = Dockerd(folder)
    stack.callback(daemon.stop)
    tool = docker(folder / "s")
    return [
        replace(case, lanes=[*case.lanes, replace(case.lanes[0], tool=tool)])
        if case.name.startswith("plain-350")
        else case
        for case in cases
    ]


def _is_asked(case: Case, patterns: Sequence[str]) -> bool:
    return any(fnmatch(case.name, pattern) for pattern in patterns) if patterns else not case.optional


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--case", action="append", default=[], metavar="NAME", help="only this one; may have * in it")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="PROGRAM", help="only this one beside dget: skopeo, crane …"
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument(
        "--disk", type=Path, default=Path(tempfile.gettempdir()), help="a folder on the disk to measure"
    )
    parser.add_argument("--json", action="store_true", help="every sample, on standard output")
    parser.add_argument("--list", action="store_true", help="the cases")
    return parser


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _end(text: str, status: int = 1) -> int:
    print(f"bench: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
