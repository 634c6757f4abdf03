"""What the doctor found, as lines for people: the checks, then what to do."""

from collections.abc import Iterator

from dget.api import Diagnosis, Finding


def lines(diagnosis: Diagnosis) -> list[str]:
    widest = max(len(finding.check) for finding in diagnosis.findings)
    checks = [f"{finding.grade:8} {finding.check:{widest}}  {finding.text}" for finding in diagnosis.findings]
    return [*checks, "", *_conclusion(diagnosis)]


def _conclusion(diagnosis: Diagnosis) -> Iterator[str]:
    for finding in diagnosis.findings:
        if finding.grade == "warning":
            yield from _advice(finding)
    for finding in diagnosis.problems:
        yield from _advice(finding)
    if not diagnosis.problems:
        yield f"{diagnosis.target}: nothing keeps pulls from working"


def _advice(finding: Finding) -> Iterator[str]:
    yield f"{finding.grade}: {finding.check}: {finding.text}"
    if finding.advice:
        yield f"  do: {finding.advice}"
