"""docs/architecture.md and the tree agree."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "dget"


def rooms() -> dict[str, str]:
    """What the table says of each package: where to begin."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `dget\.(\w+)` \| .* \|(.*)\|$", text, re.MULTILINE)
    return dict(rows)


def test_each_room_is_in_the_table():
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {path.stem for path in SOURCE.glob("[!_]*.py")}
    assert set(rooms()) == packages | modules


def test_each_file_and_folder_that_the_table_names_is_there():
    named = [(room, name) for room, where in rooms().items() for name in re.findall(r"`([\w/.]+)`", where)]
    assert len(named) > 50
    assert [f"{room}/{name}" for room, name in named if not (SOURCE / room / name).exists()] == []


def test_each_tier_of_tests_is_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    tiers = re.findall(r"^\| `tests/(\w+)` \|", text, re.MULTILINE)
    assert sorted(tiers) == ["component", "engines", "fuzz", "integration", "unit"]
    assert all((ROOT / "tests" / tier).is_dir() for tier in tiers)
