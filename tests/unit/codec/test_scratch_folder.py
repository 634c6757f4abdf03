"""What a process puts among the system's temporary files, and what it leaves there when it is killed."""

import contextlib
import subprocess
import sys
import tempfile

import pytest

from dget.codec import ScratchFolder, remove_abandoned
from dget.errors import StorageError

MAKES_ONE_AND_DIES = """
import os, signal
from dget.codec import ScratchFolder
(ScratchFolder().path / "layer").write_bytes(b"x" * 100)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_there_for_us_alone_until_it_is_removed(base):
    scratch = ScratchFolder()
    assert scratch.path.parent == base
    assert scratch.path.stat().st_mode & 0o077 == 0
    (scratch.path / "layer").write_bytes(b"x")
    scratch.remove()
    assert list(base.iterdir()) == []


def test_what_a_killed_process_left_goes_when_the_next_one_is_made_and_nothing_else(base, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(base))
    living = ScratchFolder()
    (base / "dget-notes").mkdir()
    subprocess.run([sys.executable, "-c", MAKES_ONE_AND_DIES], check=False)
    left = set(base.iterdir()) - {living.path, living.path.with_suffix(".lock"), base / "dget-notes"}
    assert len(left) == 2
    ScratchFolder().remove()
    assert set(base.iterdir()) == {living.path, living.path.with_suffix(".lock"), base / "dget-notes"}
    living.remove()


def test_a_link_of_somebody_elses_is_no_lock_of_ours(base):
    precious = base / "precious"
    precious.write_text("kept")
    (base / f"dget-{'0' * 16}.lock").symlink_to(precious)
    ScratchFolder().remove()
    assert precious.read_text() == "kept"


def test_a_folder_that_cannot_be_used_is_told(base, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(base / "missing"))
    with pytest.raises(StorageError, match="missing"):
        ScratchFolder()


@contextlib.contextmanager
def no_bytes_for_files():
    """The system takes no byte of any file, as where every disk is full."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_no_folder_takes_temporary_files_it_is_told_and_there_is_nothing_to_remove(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    with no_bytes_for_files():
        with pytest.raises(StorageError, match="temporary") as caught:
            ScratchFolder()
        remove_abandoned()
    assert "TMPDIR" in (caught.value.hint or "")
