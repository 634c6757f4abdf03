"""What was measured, as text and as JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.cases import Case, Metric, Target
from bench.run import CaseResult, Sample
from bench.units import GB, MB

_VALUES: Mapping[Metric, Callable[[Sample], float]] = {
    "seconds": lambda sample: sample.cost.seconds,
    "cpu": lambda sample: sample.cost.cpu,
    "peak": lambda sample: sample.cost.peak,
    "fetched": lambda sample: (sample.fetched or 0) / sample.size,
}
_SPOKEN: Mapping[Metric, str] = {
    "seconds": "time",
    "cpu": "processor time",
    "peak": "memory",
    "fetched": "fetched of the image's bytes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """value: None where it was not measured, `why` says why not."""

    case: str
    target: Target
    value: float | None
    why: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.value is None else self.value <= self.target.limit


def ratio(result: CaseResult, of: str, to: str, metric: Metric = "seconds") -> float | None:
    """The median of the rounds' ratios: what slows the machine for a while slows both of a round."""
    value = _VALUES[metric]
    of_rounds, to_rounds = (
        {sample.round: value(sample) for sample in result.samples if sample.lane == lane} for lane in (of, to)
    )
    both = of_rounds.keys() & to_rounds.keys()
    return median(of_rounds[number] / to_rounds[number] for number in both) if both else None


def verdicts(result: CaseResult, absent: Mapping[str, str]) -> list[Verdict]:
    """absent: why a lane was not run."""
    found = []
    for target in result.case.targets:
        if target.to:
            value = ratio(result, target.of, target.to, target.metric)
        else:
            value = _median(result, target.of, target.metric)
        lacking = [lane for lane in (target.of, target.to) if lane and not _of_lane(result, lane)]
        why = "; ".join(absent.get(lane, f"{lane} failed") for lane in lacking)
        found.append(Verdict(case=result.case.name, target=target, value=value, why=why))
    return found


def case_text(result: CaseResult) -> str:
    first = result.case.lanes[0].label
    rows = [["", "s", "ratio", "CPU s", "CPU s/GB", "peak MB", "fetched"]]
    for lane in result.case.lanes:
        samples = _of_lane(result, lane.label)
        if not samples:
            continue
        against = ratio(result, first, lane.label)
        cpu = median(sample.cost.cpu for sample in samples)
        fetched = median(map(_VALUES["fetched"], samples)) if samples[0].fetched is not None else None
        rows.append(
            [
                lane.label,
                f"{median(sample.cost.seconds for sample in samples):.2f}",
                f"{against:.2f}" if against and lane.label != first else "",
                f"{cpu:.2f}",
                f"{cpu / samples[0].size * GB:.2f}" if samples[0].size >= 10 * MB else "",
                f"{median(sample.cost.peak for sample in samples) / MB:.0f}",
                "" if fetched is None else f"{fetched:.3f}",
            ]
        )
    failed = [f"{lane} failed: {why}" for lane, why in result.failures.items()]
    return "\n".join([f"{result.case.name}: {result.case.about}", "", *_table(rows), *failed, ""])


def verdicts_text(found: Iterable[Verdict]) -> str:
    rows = [["case", "target", "limit", "measured", ""]]
    for verdict in found:
        target = verdict.target
        rows.append(
            [
                verdict.case,
                f"{_SPOKEN[target.metric]}: {target.of}" + (f" / {target.to}" if target.to else ""),
                _amount(target, target.limit),
                verdict.why if verdict.value is None else _amount(target, verdict.value),
                {True: "met", False: "NOT MET", None: "not measured"}[verdict.met],
            ]
        )
    return "\n".join(_table(rows))


def as_json(results: Sequence[CaseResult], found: Sequence[Verdict], skipped: Mapping[str, str]) -> dict[str, object]:
    return {
        "cases": {result.case.name: _case_json(result) for result in results},
        "targets": [
            {
                "case": verdict.case,
                "metric": verdict.target.metric,
                "of": verdict.target.of,
                "to": verdict.target.to,
                "limit": verdict.target.limit,
                "value": verdict.value,
                "met": verdict.met,
                "why": verdict.why,
            }
            for verdict in found
        ],
        "skipped": dict(skipped),
    }


def case_line(case: Case) -> str:
    return f"{case.name:22} {case.about}{' (only when named)' if case.optional else ''}"


def _case_json(result: CaseResult) -> dict[str, object]:
    samples = [
        {
            "round": sample.round,
            "lane": sample.lane,
            "size": sample.size,
            "seconds": sample.cost.seconds,
            "cpu": sample.cost.cpu,
            "peak": sample.cost.peak,
            "fetched": sample.fetched,
        }
        for sample in result.samples
    ]
    return {"about": result.case.about, "samples": samples, "failures": dict(result.failures)}


def _of_lane(result: CaseResult, lane: str) -> list[Sample]:
    return [sample for sample in result.samples if sample.lane == lane]


def _median(result: CaseResult, lane: str, metric: Metric) -> float | None:
    samples = _of_lane(result, lane)
    return median(map(_VALUES[metric], samples)) if samples else None


def _amount(target: Target, value: float) -> str:
    return f"{value / MB:.0f} MB" if target.metric == "peak" and not target.to else f"{value:.3g}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table that reads well as it is, and is Markdown."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
