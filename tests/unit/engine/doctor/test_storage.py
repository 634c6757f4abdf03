"""What the disk tells."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from dget.engine.doctor.storage import cache_finding, disk_findings


class Usage(NamedTuple):
    free: int


def test_a_cache_that_can_be_written_is_left_as_it_was(tmp_path):
    (tmp_path / "blob").write_bytes(bytes(25_000_000))
    finding = cache_finding(tmp_path)
    assert finding.grade == "ok"
    assert "0.03 GB" in finding.text
    assert [path.name for path in tmp_path.iterdir()] == ["blob"]


def test_a_cache_that_is_not_wanted_is_fine():
    assert cache_finding(None).grade == "ok"


def test_a_cache_that_cannot_be_written_is_a_problem(tmp_path):
    (tmp_path / "file").touch()
    finding = cache_finding(tmp_path / "file")
    assert (finding.grade, finding.exit_status) == ("problem", 8)
    assert "--no-cache" in str(finding.advice)


@pytest.mark.parametrize(("free", "grade"), [(50 << 20, "problem"), (1 << 30, "warning"), (10 << 30, "ok")])
def test_little_room_is_told(monkeypatch, tmp_path, free, grade):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    folders = {"the cache": tmp_path / "not" / "there", "files": tmp_path}
    found = list(disk_findings(folders))
    # One disk is told of once.
    assert [one.grade for one in found] == [grade]
    assert "the cache" in found[0].text


def test_a_folder_that_nobody_knows_is_no_defect():
    assert list(disk_findings({"files": Path("/")}))
