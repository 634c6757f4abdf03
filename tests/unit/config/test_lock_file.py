"""The file that says which digests tags stand for."""

import json
import sys
from multiprocessing import Process

import pytest

from dget.codec import FileLock
from dget.config.lock_file import LockFile
from dget.errors import StorageError, UsageError
from dget.model import Digest, Reference

ONE, TWO = (Digest.of(text) for text in (b"1", b"2"))
APP = Reference.parse("app:1")


@pytest.fixture
def lock(tmp_path) -> LockFile:
    return LockFile(tmp_path / "images.lock")


def test_it_reads_as_a_person_would_write_it(lock):
    lock.add(Reference.parse("quay.io/b/c"), TWO)
    lock.add(APP, ONE)
    assert lock.path.read_text() == (
        "{\n"
        '  "version": 1,\n'
        '  "images": {\n'
        f'    "docker.io/library/app:1": "{ONE}",\n'
        f'    "quay.io/b/c:latest": "{TWO}"\n'
        "  }\n"
        "}\n"
    )
    assert lock.digest(APP) == ONE
    assert lock.digest(Reference.parse("quay.io/b/c:latest")) == TWO
    assert lock.digest(Reference.parse("app:2")) is None


def test_no_file_says_nothing(lock):
    assert lock.digest(APP) is None
    assert not lock.path.exists()


def test_what_it_says_already_stays(lock):
    assert lock.add(APP, ONE) == ONE
    assert lock.add(APP, TWO) == ONE
    assert lock.digest(APP) == ONE


def test_a_link_to_it_stays(lock, tmp_path):
    (tmp_path / "kept").mkdir()
    lock.path.symlink_to(tmp_path / "kept/images.lock")
    lock.add(APP, ONE)
    assert lock.path.is_symlink()
    assert (tmp_path / "kept/images.lock").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
@pytest.mark.parametrize("mode", [0o664, 0o600])
def test_who_may_write_it_may_write_it_afterwards(lock, mode):
    lock.add(APP, ONE)
    lock.path.chmod(mode)
    lock.add(Reference.parse("app:2"), TWO)
    assert lock.path.stat().st_mode & 0o777 == mode


def test_a_mistake_is_told_with_its_place(lock):
    lock.path.write_text(f'{{\n  "version": 1,\n  "images": {{\n    "docker.io/library/app:1": "{ONE}",\n  }}\n}}\n')
    with pytest.raises(UsageError, match=r"trailing comma.*\(line 5, column 3\)"):
        lock.digest(APP)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "images",
        "[]",
        '{"images": {}}',
        '{"version": 2, "images": {}}',
        '{"version": 1, "images": {}, "more": 1}',
        '{"version": 1, "images": {"docker.io/library/app:1": 1}}',
        '{"version": 1, "images": {"docker.io/library/app:1": "sha256:0"}}',
        json.dumps({"version": 1, "images": {"app:1": str(ONE)}}),
        json.dumps({"version": 1, "images": {f"docker.io/library/app@{ONE}": str(ONE)}}),
        json.dumps({"version": 1, "images": {"docker.io/library/App:1": str(ONE)}}),
    ],
)
def test_what_is_no_lock_file_is_said_with_a_way_out_and_left_alone(lock, content):
    lock.path.write_text(content)
    for call in (lambda: lock.digest(APP), lambda: lock.add(APP, TWO)):
        with pytest.raises(UsageError) as caught:
            call()
        assert str(lock.path) in caught.value.message
        assert caught.value.hint
    assert lock.path.read_text() == content
    assert [path.name for path in lock.path.parent.iterdir()] == ["images.lock"]


def test_a_short_name_is_told_in_full(lock):
    lock.path.write_text(json.dumps({"version": 1, "images": {"app:1": str(ONE)}}))
    with pytest.raises(UsageError, match=r"is to be written 'docker\.io/library/app:1'"):
        lock.digest(APP)


def test_a_folder_in_its_place_and_a_missing_folder_are_told(tmp_path):
    with pytest.raises(StorageError, match="cannot read"):
        LockFile(tmp_path).digest(APP)
    with pytest.raises(StorageError, match="cannot write"):
        LockFile(tmp_path / "none" / "images.lock").add(APP, ONE)


def _add(path, number: int) -> None:
    LockFile(path).add(Reference.parse(f"app:{number}"), Digest.of(str(number).encode()))


def test_of_many_that_add_to_it_at_once_nothing_is_lost(lock):
    processes = [Process(target=_add, args=(lock.path, number)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 8
    for number in range(8):
        assert lock.digest(Reference.parse(f"app:{number}")) == Digest.of(str(number).encode())
    assert [path.name for path in lock.path.parent.iterdir()] == ["images.lock"]


def test_who_holds_it_for_too_long_is_told(lock, monkeypatch):
    monkeypatch.setattr("dget.config.lock_file._LOCKED_FOR_MAX", 0.0)
    held = FileLock.try_take(lock.path.with_name("images.lock.lock"))
    assert held is not None
    with pytest.raises(StorageError, match="another process"):
        lock.add(APP, ONE)
    held.release()
