"""README.md and README.zh-CN.md say the same, and lead to all pages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENGLISH = (ROOT / "README.md").read_text()
CHINESE = (ROOT / "README.zh-CN.md").read_text()
PAGES = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_each_page_is_linked(text):
    linked = set(re.findall(r"\]\(([\w/.-]+)", text))
    assert linked >= PAGES
    assert [target for target in linked if not (ROOT / target).exists()] == []


def test_both_name_the_same_commands_and_options():
    def commands(text: str) -> set[str]:
        return {span for span in re.findall(r"`([^`\n]+)`", text) if "dget" in span or span.startswith("-")}

    assert commands(ENGLISH) == commands(CHINESE)


def test_both_show_the_same_code():
    def code(text: str) -> list[str]:
        blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
        return [re.sub(r" +#.*", "", block) for block in blocks]

    assert code(ENGLISH) == code(CHINESE)
