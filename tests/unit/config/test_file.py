"""`config.toml`: what it sets, and how its mistakes are told."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget import Settings
from dget.config import HostSettings, config_path, load, write_template
from dget.config.file import lines_of, read_config
from dget.config.hosts import HostSettings as Host
from dget.config.resolve import Pin
from dget.config.setting import settings_in
from dget.config.template import template
from dget.errors import StorageError, UsageError


@pytest.fixture
def config(tmp_path):
    """Writes a config.toml; the environment that names it."""

    def write(text: str) -> dict[str, str]:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return {"DGET_CONFIG": str(path)}

    return write


def refusal(environment) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read_config(environment)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("# one\nca_fiel = 'x'\n", 2, "ca_fiel is no setting", "did you mean ca_file?"),
        ("limit-rate = '5M'", 1, "limit-rate is no setting", "did you mean limit_rate?"),
        ("\n\nconnections = '8'", 3, "connections takes a whole number, not a text", None),
        ("connections = true", 1, "connections takes a whole number, not true or false", None),
        ("connections = 65", 1, "connections takes 1 to 64, not 65", None),
        ("timeout = 'long'", 1, "timeout takes a number of seconds, not a text", None),
        ("insecure = 1", 1, "insecure takes true or false, not a number", None),
        ("limit_rate = 'fast'", 1, "limit_rate takes a rate such as 500k or 5M", None),
        ("verify_cache = 'maybe'", 1, "verify_cache takes always or never, not 'maybe'", None),
        ("resolve = 'a:1:2'", 1, "resolve takes a list of texts, not a text", None),
        ("resolve = [\n 'a:1:2',\n 3]", 1, "resolve takes a list of texts; 3 is none", None),
        ("proxy = 'gopher://me:geheim@there'", 1, "it begins with gopher://", "socks5h"),
        ("ca_file = ''", 1, "takes a path", None),
        ("proxy = 1979-05-27", 1, "proxy takes a text, not a date", None),
        ("timeout = 5\n[hosts.'a:1']\ninsecure = false\nca-file = 'x'", 4, 'hosts."a:1".ca-file is no setting', "ca_file"),
        ("[hosts]\n\n'a:1' = 3", 3, 'hosts."a:1" takes sections', None),
        ("[hosts.a]\nmirrors = ['ftp://x']", 2, "hosts.a.mirrors takes URLs", None),
        ("[hosts.a]\nmirrors = ['https://me:geheim@m']", 2, "m holds a name or a password", None),
        ("\nmirror = ['ftp://x']", 2, "mirror takes URL or REGISTRY=URL: 'ftp' is no scheme", "quay.io=https://"),
        ("mirror = ['https://me:geheim@m']", 1, "m holds a name or a password", "REGISTRY=URL"),
        ("mirror = ['me:geheim@m']", 1, "has no scheme", "REGISTRY=URL"),
        ("registry = 'a b'", 1, "registry takes a registry's host, not 'a b'", "NAME:PORT"),
        ("registry = 'https://me:geheim@r'", 1, "registry takes a registry's host without name and password", "dget login"),
        ("registry = 'me:geheim@127.0.0.1:5000'", 1, "a registry's host without name and password", "dget login"),
        ("platform = 'x y'", 1, "platform takes OS/ARCH[/VARIANT], not 'x y'", "linux/arm64"),
        ("hosts.a.resolve = ['x']", 1, "hosts.a.resolve takes IP addresses, not 'x'", None),
        ("password = 'geheim'", 1, "password does not belong in this file", "DGET_PASSWORD"),
        ("a = 1\na = 2", 2, "this is no TOML", "toml.io"),
        ("a =", 1, "this is no TOML", "toml.io"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_file_its_line_and_a_way_out(config, tmp_path, text, line, said, hint):
    error = refusal(config(text))
    assert error.message.startswith(str(tmp_path / "config.toml"))
    assert f"line {line}" in error.message
    assert said in error.message
    assert "geheim" not in error.message
    assert (hint or "that line") in (error.hint or "")


def test_what_the_file_says_is_in_effect(config):
    settings = load(
        {},
        config(
            """
            registry = "quay.io"
            limit_rate = "5M"
            no_cache = true
            verify_cache = "never"
            resolve = ["a.example:443:192.0.2.1"]

            [hosts."reg.example:5000"]
            mirrors = ["https://mirror.example"]
            plain_http = true
            resolve = ["192.0.2.7", "2001:db8::1"]

            [hosts."docker.io"]
            resolve = ["192.0.2.9"]
            """
        ),
    ).settings
    assert (settings.registry, settings.limit_rate, settings.cache, settings.verify_cache) == (
        "quay.io",
        5e6,
        False,
        False,
    )
    own = settings.host("reg.example:5000")
    assert (own.mirrors, own.plain_http, own.insecure) == (("https://mirror.example",), True, False)
    assert settings.host("elsewhere.example") == HostSettings(name="elsewhere.example")
    assert settings.pins == tuple(
        map(
            Pin.parse,
            (
                "a.example:443:192.0.2.1",
                "reg.example:5000:192.0.2.7,2001:db8::1",
                "registry-1.docker.io:443:192.0.2.9",
            ),
        )
    )


def test_a_path_in_the_file_begins_at_its_folder_and_knows_the_home_folder(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    settings = load({}, config("ca_file = 'ca.pem'\ncache_dir = '~/cache'\n[hosts.a]\nca_file = 'a.pem'")).settings
    assert settings.ca_file == tmp_path / "ca.pem"
    assert settings.host("a").ca_file == tmp_path / "a.pem"
    if sys.platform != "win32":
        assert settings.cache_dir == Path("/home/ann/cache")


def test_without_a_home_folder_nothing_is_set_up(monkeypatch):
    """As in a container that runs under any user ID."""
    monkeypatch.setattr(Path, "home", no_home)
    assert read_config({}).values == {}
    with pytest.raises(UsageError, match="no home folder"):
        config_path({})


def no_home() -> Path:
    raise RuntimeError("as Path.home() does where neither HOME nor the user is known")


def test_no_file_is_no_mistake_unless_it_was_named(tmp_path):
    assert read_config({"XDG_CONFIG_HOME": str(tmp_path)}).values == {}
    assert "DGET_CONFIG" in str(refusal({"DGET_CONFIG": str(tmp_path / "none")}).hint)


def test_a_file_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    assert "UTF-8" in refusal({"DGET_CONFIG": str(path)}).message
    assert str(tmp_path) in refusal({"DGET_CONFIG": str(tmp_path)}).message


@pytest.mark.parametrize(
    ("system", "environment", "place"),
    [
        ("linux", {"DGET_CONFIG": "/a/b"}, "/a/b"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x/dget/config.toml"),
        ("linux", {}, "/home/ann/.config/dget/config.toml"),
        ("darwin", {}, "/home/ann/Library/Application Support/dget/config.toml"),
        ("win32", {"APPDATA": "/roaming"}, "/roaming/dget/config.toml"),
    ],
)
def test_the_file_is_where_the_operating_system_keeps_settings(monkeypatch, system, environment, place):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    monkeypatch.setattr(sys, "platform", system)
    assert config_path(environment) == Path(place)


def test_the_file_to_begin_with_sets_nothing_and_each_of_its_lines_works(config):
    assert read_config(config(template())).values == {}
    awake = re.sub(r"^#(?=[a-z\[])", "", template(), flags=re.MULTILINE)
    loaded = load({}, config(awake))
    wanted = {one.field for one in settings_in(Settings) if one.in_file}
    assert set(loaded.sources) == wanted
    assert len(loaded.settings.hosts) == 1


def test_a_file_that_is_there_is_never_written_over(tmp_path):
    path = tmp_path / "new" / "config.toml"
    write_template(path)
    assert path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    path.write_text("timeout = 5")
    with pytest.raises(UsageError, match="there already"):
        write_template(path)
    assert path.read_text() == "timeout = 5"


def test_a_disk_that_takes_a_part_of_it_leaves_nothing(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        with pytest.raises(StorageError, match="cannot write"):
            write_template(tmp_path / "config.toml")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    write_template(tmp_path / "config.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        write_template(tmp_path / "file" / "config.toml")


KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True) | st.from_regex(r"[a-z.:\[\]=#' ]{1,8}", fullmatch=True)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(), max_size=4), max_size=4))
def test_every_key_is_found_on_its_line(tables):
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for name, table in tables.items():
        lines.append(f'["{name}"]')
        expected[(name,)] = len(lines)
        for key, value in table.items():
            lines.append(f'  "{key}" = {value}')
            expected[(name, key)] = len(lines)
    text = "\n".join(lines)
    assert tomllib.loads(text) == tables
    assert lines_of(text) == expected


def test_every_field_of_a_host_but_its_name_can_be_set():
    assert {one.field for one in settings_in(Host)} == set(Host.__struct_fields__) - {"name"}
