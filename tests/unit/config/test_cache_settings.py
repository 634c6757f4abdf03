"""Where the cache is, and how large it may be."""

import os
from pathlib import Path

import pytest

from dget.config import Settings, load
from dget.errors import UsageError


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": "/xdg"}


@pytest.mark.parametrize(
    ("flag", "folders"),
    [((), ["/xdg/dget"]), (("/a",), ["/a"]), (("/a", "/b"), ["/a", "/b"])],
)
def test_the_flag_may_name_several_folders(environment, flag, folders):
    assert load({"cache_dir": flag}, environment).settings.cache_dirs == tuple(map(Path, folders))


def test_in_the_environment_they_are_parted_as_in_path(environment):
    variables = {**environment, "DGET_CACHE_DIR": f"/a b{os.pathsep}/c"}
    assert load({}, variables).settings.cache_dirs == (Path("/a b"), Path("/c"))


@pytest.mark.parametrize(("written", "folders"), [('"/a"', ["/a"]), ('["/a", "/b"]', ["/a", "/b"])])
def test_in_the_file_they_are_a_text_or_a_list(environment, tmp_path, written, folders):
    (tmp_path / "dget").mkdir()
    (tmp_path / "dget" / "config.toml").write_text(f"cache_dir = {written}\n")
    loaded = load({}, environment)
    assert loaded.settings.cache_dirs == tuple(map(Path, folders))
    shown = next(one.value for one in loaded.effective() if one.key == "cache_dir")
    assert shown == (folders if len(folders) > 1 else folders[0])


@pytest.mark.parametrize(
    ("written", "count"),
    [("0", 0), ("1500", 1500), ("500k", 500_000), ("500kB", 500_000), ("20G", 20 * 10**9), ("1.5T", 1_500 * 10**9)],
)
def test_a_size_is_read_in_decimal_units(environment, written, count):
    assert load({"cache_max_size": written}, environment).settings.cache_max_size == count


@pytest.mark.parametrize("written", ["", "much", "-1", "G", "nan", "inf", "1e99", "5 apples"])
def test_what_is_no_size_is_refused(environment, written):
    with pytest.raises(UsageError, match="takes a size such as 500M or 20G"):
        load({"cache_max_size": written}, environment)


def test_settings_are_checked_in_programs_too():
    with pytest.raises(UsageError, match="cache_max_size"):
        Settings(cache_max_size=-1)
