"""The pages name the tests that prove what they say: those must be there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
THERE = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_every_test_and_file_of_tests_that_a_page_names_is_there(page):
    text = page.read_text()
    files = re.findall(r"`(tests/[\w/.]+\.py)`", text)
    assert [file for file in files if not (ROOT / file).is_file()] == []
    named = re.findall(r"`(test_\w+)(…?)", text)
    assert [name for name, cut in named if not any(one.startswith(name) if cut else one == name for one in THERE)] == []


@pytest.mark.parametrize("page", ["credentials", "mirrors", "networks"])
def test_each_way_in_has_a_test(page):
    """Every row of a table that has a column for tests names one."""
    tests = None
    for line in (ROOT / "docs" / f"{page}.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        heading = [place for place, cell in enumerate(cells) if cell == "proven by" or cell.startswith("test in")]
        if heading or not cells:
            tests = heading[0] if heading else None
        elif tests is not None and not set(line) <= set("|- "):
            assert "`test_" in cells[tests], line
