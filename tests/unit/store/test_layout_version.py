"""Caches of other versions of dget."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from dget.errors import StorageError
from dget.store import Store
from dget.store.layout_version import STEPS, migrate


def version(folder):
    return json.loads((folder / "dget.json").read_bytes())["layout"]


def test_a_new_cache_has_the_newest_layout(tmp_path):
    Store.open(tmp_path)
    assert version(tmp_path) == len(STEPS) == 1


def test_a_cache_from_before_versions_keeps_what_it_has_and_loses_what_was_half_written(tmp_path):
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    (tmp_path / "blobs" / "sha256" / "x").write_bytes(b"x")
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "abc.json").write_bytes(b"{}")
    (tmp_path / "refs" / "abc.json.123").write_bytes(b"{")
    Store.open(tmp_path)
    assert version(tmp_path) == 1
    assert (tmp_path / "blobs" / "sha256" / "x").exists()
    assert [path.name for path in (tmp_path / "refs").iterdir()] == ["abc.json"]


def test_the_layout_of_a_newer_dget_is_refused_and_left_alone(tmp_path):
    Store.open(tmp_path)
    (tmp_path / "dget.json").write_text('{"layout": 2, "more": true}')
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StorageError, match="has layout 2, and this dget knows 1 at most") as caught:
        Store.open(tmp_path)
    assert "--cache-dir" in (caught.value.hint or "")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_newer_layout_is_refused_in_a_folder_that_is_only_read_too(tmp_path):
    Store.open(tmp_path / "a")
    (tmp_path / "a" / "dget.json").write_text('{"layout": 2}')
    with pytest.raises(StorageError, match="layout 2"):
        Store.open(tmp_path / "b", tmp_path / "a")


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff", b'{"layout": "x"}', b'{"layout": -5}'])
def test_a_garbled_mark_is_written_anew(tmp_path, garbage):
    Store.open(tmp_path)
    (tmp_path / "dget.json").write_bytes(garbage)
    Store.open(tmp_path)
    assert version(tmp_path) == 1


def test_each_step_that_is_missing_is_taken_once_and_in_order_by_one_of_many(tmp_path):
    taken: list[int] = []
    steps = [lambda _, number=number: taken.append(number) for number in range(4)]
    (tmp_path / "dget.json").write_text('{"layout": 1}')
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(migrate, tmp_path, steps) for _ in range(20)]:
            done.result()
    assert taken == [1, 2, 3]
    assert version(tmp_path) == 4
