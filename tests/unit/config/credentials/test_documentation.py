"""What the documentation says of credentials."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def test_every_test_that_the_table_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "credentials.md").read_text()))
    there = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert named
    assert named - there == set()
