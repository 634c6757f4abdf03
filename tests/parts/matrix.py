"""docs/matrix.md as tests read it: what is asked for, in which form, and what each consumer makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "matrix.md"
TAKES, TAKES_UNNAMED, REFUSES = "✓", "(✓)", "✗"


@dataclass(frozen=True, slots=True)
class Row:
    """asked, form: the first two cells; cells: by consumer, those that are not empty."""

    asked: str
    form: str
    cells: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.asked}-{self.form}"


def rows(heading: str) -> Sequence[Row]:
    """Of the table below a heading. An empty first cell stands for the one above it."""
    _, _, after = PAGE.read_text().partition(f"\n## {heading}\n")
    lines = [line for line in after.partition("\n## ")[0].splitlines() if line.startswith("|")]
    table = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]
    (_, _, *consumers), _, *body = table
    found: list[Row] = []
    for asked, form, *cells in body:
        known = {consumer: cell for consumer, cell in zip(consumers, cells, strict=True) if cell}
        found.append(Row(asked or found[-1].asked, form, known))
    return found
