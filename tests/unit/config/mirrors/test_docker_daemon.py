"""daemon.json."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.mirrors.config_file import ConfigFile
from dget.config.mirrors.docker_daemon import DockerDaemon
from dget.errors import UsageError
from dget.model import Reference

PATH = Path("/etc/docker/daemon.json")


def parsed(text: str) -> DockerDaemon:
    return DockerDaemon.parse(ConfigFile(PATH, text))


def test_its_mirrors_are_of_docker_hub_alone():
    daemon = parsed('{"registry-mirrors": ["https://m.example/", "http://n.example:5000"], "debug": true}')
    assert [host.url for host in daemon.hosts(Reference.parse("alpine"))] == [
        "https://m.example/v2",
        "http://n.example:5000/v2",
    ]
    assert daemon.hosts(Reference.parse("quay.io/a/b")) == []


@pytest.mark.parametrize(
    ("entries", "name", "insecure"),
    [
        (["r.example"], "r.example", True),
        (["R.example"], "r.example", True),
        (["r.example"], "r.example:5000", False),
        (["r.example:5000"], "r.example:5000", True),
        (["http://r.example:5000/"], "r.example:5000", True),
        (["r.example:5000"], "r.example", False),
        (["10.0.0.0/8"], "10.1.2.3", True),
        (["10.0.0.0/8"], "10.1.2.3:5000", True),
        (["10.0.0.7/8"], "10.1.2.3:5000", True),
        (["10.0.0.0/8"], "11.1.2.3:5000", False),
        (["10.0.0.0/8"], "r.example", False),
        (["fd00::/8"], "[fd00::1]:5000", True),
        (["fd00::/8"], "[fe00::1]", False),
        ([], "r.example", False),
    ],
)
def test_insecure_registries_are_names_and_networks(entries, name, insecure):
    assert parsed(json.dumps({"insecure-registries": entries})).insecure(name) is insecure


def test_an_insecure_mirror_needs_no_valid_tls():
    daemon = parsed('{"registry-mirrors": ["https://10.0.0.1"], "insecure-registries": ["10.0.0.0/8"]}')
    (host,) = daemon.hosts(Reference.parse("alpine"))
    assert (host.plain_http, host.tls.verify) == (True, False)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{\n"registry-mirrors": [\n}', 3, ""),
        ('{\n\n"registry-mirrors": "https://m.example"}', 3, "registry-mirrors: Expected array, got str"),
        ('{"registry-mirrors": [\n"https://m.example",\n"m.example"\n]}', 3, "no scheme"),
        ('{"insecure-registries": [\n"r.example/path"]}', 2, "neither HOST"),
        ("[]", 1, ""),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(text, line, said):
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert caught.value.message.startswith(f"{PATH}, line {line}: ")
    assert said in caught.value.message


def test_no_file_is_no_configuration(tmp_path):
    assert DockerDaemon.read(tmp_path / "daemon.json") is None


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match=f"cannot read {tmp_path}"):
        DockerDaemon.read(tmp_path)
    (tmp_path / "daemon.json").write_bytes(b'{\n"a": "\xff"}')
    with pytest.raises(UsageError, match="line 2: not UTF-8"):
        DockerDaemon.read(tmp_path / "daemon.json")


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_any_text_is_a_configuration_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        parsed(text)
