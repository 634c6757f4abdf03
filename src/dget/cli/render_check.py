"""What `dget check` found, as lines for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dget.api.archive_check import ArchiveCheck

if TYPE_CHECKING:
    from dget.archive.inspection import Verdict


def lines(result: ArchiveCheck) -> Iterator[str]:
    packed = "" if result.packed == "none" else f"  ({result.packed})"
    yield f"{'file':<26}{result.path}{packed}"
    yield f"{'whole':<26}{'yes' if not result.faults else 'no'}"
    yield from (f"{'':<26}{fault}" for fault in result.faults)
    for verdict in result.consumers:
        yield from _verdict_lines(verdict, set(result.faults))


def _verdict_lines(verdict: "Verdict", told: set[str]) -> Iterator[str]:
    """told: what needs no second mention."""
    said = "loads" if verdict.loads else "loads in part" if verdict.names else "does not load"
    yield f"{verdict.consumer:<26}{said}{': ' + ', '.join(verdict.names) if verdict.names else ''}"
    own = [problem for problem in verdict.problems if problem not in told]
    if verdict.problems and not own:
        own = ["because of what is wrong above"]
    yield from (f"{'':<26}  {text}" for text in (*own, *verdict.cautions))
