"""The page on networks names tests that prove it: they must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_test_that_the_page_names_exists():
    page = (ROOT / "docs" / "networks.md").read_text()
    files = set(re.findall(r"`(tests/\S+\.py)`", page))
    assert len(files) > 5
    known = {name for file in files for name in re.findall(r"^def (test_\w+)", (ROOT / file).read_text(), re.MULTILINE)}
    named = re.findall(r"`(test_\w+)(…?)`", page)
    assert len(named) > 20
    missing = [name for name, cut in named if not any(one.startswith(name) if cut else one == name for one in known)]
    assert missing == []
