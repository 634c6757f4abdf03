"""What the user set up."""

from pathlib import Path

import pytest

from dget import Settings
from dget.config import default_cache_dir, machine_platform
from dget.errors import UsageError


@pytest.mark.parametrize(
    "wrong",
    [{"connections": 0}, {"connections": 65}, {"timeout": 0.5}, {"username": "me"}, {"resolve": ("host:443",)}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        Settings(**wrong)


def test_secrets_are_not_in_a_repr():
    shown = repr(Settings(username="me", password="geheim", proxy="http://me:geheim@proxy:3128"))
    assert "geheim" not in shown


def test_the_cache_is_where_the_environment_says(tmp_path):
    assert default_cache_dir({"DGET_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert default_cache_dir({"XDG_CACHE_HOME": "/b"}) == Path("/b/dget")


def test_the_default_platform_is_linux():
    assert machine_platform().os == "linux"
