"""What SECURITY.md promises."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def test_every_test_that_the_page_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text()))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(named) > 30
    assert named - there == set()


def test_every_claim_names_a_test():
    rows = re.findall(r"^\| .*", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    claims = [row for row in rows if not re.match(r"\| (can|cannot|promise) ", row)]
    assert len(claims) > 20
    assert [row for row in claims if "`test_" not in row] == []


def test_both_readmes_lead_to_the_page():
    for name in ("README.md", "README.zh-CN.md"):
        assert "(SECURITY.md)" in (ROOT / name).read_text()


def test_no_shell_is_started():
    """Nor anything by a line of words that a shell would split."""
    shells = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                assert name not in shells, path
                assert "shell" not in {keyword.arg for keyword in node.keywords}, path


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed(path):
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
    entries = re.findall(r"^\S.*(?:\n +.*)*", text, re.MULTILINE)
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==[0-9]", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert "index" not in text.replace("backports-zstd", "")
