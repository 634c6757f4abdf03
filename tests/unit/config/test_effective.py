"""Which of several places decides, and what is said of it."""

import pytest

from dget import Settings
from dget.config import load
from dget.config.setting import settings_in
from dget.errors import UsageError


@pytest.fixture
def environment(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('timeout = 10\nregistry = "file.example"\nconnections = 3\ninsecure = true\n')
    return {"DGET_CONFIG": str(path), "DGET_REGISTRY": "environment.example", "DGET_CONNECTIONS": "4"}


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(environment, tmp_path):
    loaded = load({"connections": "5", "proxy": None, "resolve": ()}, environment)
    settings = loaded.settings
    assert (settings.timeout, settings.registry, settings.connections, settings.cache) == (
        10,
        "environment.example",
        5,
        True,
    )
    found = {one.key: one.source for one in loaded.effective()}
    assert found["timeout"] == f"{tmp_path / 'config.toml'} line 1"
    assert found["registry"] == "DGET_REGISTRY"
    assert found["connections"] == "--connections"
    assert found["no_cache"] == "default"


def test_the_command_line_can_undo_what_the_file_says(environment):
    assert load({}, environment).settings.insecure
    assert not load({"insecure": False}, environment).settings.insecure
    assert not load({}, {**environment, "DGET_INSECURE": "no"}).settings.insecure


def test_an_empty_variable_is_none(environment):
    assert load({}, {**environment, "DGET_CONNECTIONS": ""}).settings.connections == 3


def test_the_other_name_of_an_option_counts_in_the_environment_too():
    environment = {"DGET_CONFIG": "/dev/null", "DGET_ARCH": "arm64"}
    assert load({}, environment).settings.platform == "arm64"
    assert load({}, {**environment, "DGET_PLATFORM": "s390x"}).settings.platform == "s390x"


def test_several_values_are_parted_by_spaces_in_the_environment():
    settings = load({}, {"DGET_RESOLVE": "a:1:192.0.2.1  b:2:192.0.2.2", "DGET_CONFIG": "/dev/null"}).settings
    assert settings.resolve == ("a:1:192.0.2.1", "b:2:192.0.2.2")


@pytest.mark.parametrize(
    ("flags", "variables", "said"),
    [
        ({"connections": "none"}, {}, "--connections takes a whole number, not 'none'"),
        ({"connections": "0"}, {}, "--connections takes 1 to 64, not 0"),
        ({}, {"DGET_TIMEOUT": "soon"}, "DGET_TIMEOUT takes a number, not 'soon'"),
        ({}, {"DGET_NO_CACHE": "perhaps"}, "DGET_NO_CACHE is either true or false, not 'perhaps'"),
        ({"verify_cache": "maybe"}, {}, "--verify-cache takes always or never, not 'maybe'"),
        ({"limit_rate": "1k"}, {"DGET_LIMIT_RATE": "nonsense"}, None),
        ({"limit_rate": "5"}, {}, "--limit-rate takes bytes a second, at least 1000, not 5"),
        ({"limit_rate": "nan"}, {}, "--limit-rate takes bytes a second"),
        ({"client_certificate": ""}, {}, "--cert takes a path"),
    ],
)
def test_a_wrong_value_is_told_by_the_name_that_the_person_wrote(flags, variables, said):
    environment = {"DGET_CONFIG": "/dev/null", **variables}
    if said is None:
        load(flags, environment)
        return
    with pytest.raises(UsageError) as caught:
        load(flags, environment)
    assert caught.value.message.startswith(said)


def test_no_secret_is_shown():
    loaded = load(
        {"username": "ann", "password": "geheim", "proxy": "http://ann:geheim@proxy.example:3128"},
        {"DGET_CONFIG": "/dev/null"},
    )
    shown = {one.key: one.value for one in loaded.effective()}
    assert "geheim" not in repr(shown)
    assert "geheim" not in repr(loaded)
    assert shown["proxy"] == "http://proxy.example:3128"


def test_every_setting_has_one_name_of_its_own():
    settings = list(settings_in(Settings))
    assert len({one.key for one in settings}) == len(settings)
    assert {one.field for one in settings} == set(Settings.__struct_fields__) - {"credentials_from", "environment"}
