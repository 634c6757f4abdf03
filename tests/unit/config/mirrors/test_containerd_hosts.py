"""containerd's hosts.toml."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.mirrors import EVERYTHING, Capability
from dget.config.mirrors.config_file import ConfigFile
from dget.config.mirrors.containerd_hosts import ContainerdHosts, directories
from dget.errors import UsageError
from dget.model import Reference

PATH = Path("/etc/containerd/certs.d/quay.io/hosts.toml")
QUAY = Reference.parse("quay.io/a/b:1")


def parsed(text: str, image: Reference = QUAY) -> ContainerdHosts:
    return ContainerdHosts.parse(ConfigFile(PATH, text), image)


def test_hosts_stand_in_the_order_of_the_file_and_the_server_last():
    found = parsed('server = "https://up.example"\n[host."https://b.example"]\n[host."https://a.example"]')
    assert [host.url for host in found.mirrors] == ["https://b.example/v2", "https://a.example/v2"]
    assert found.server is not None
    assert (found.server.url, found.server.origin) == ("https://up.example/v2", True)


@pytest.mark.parametrize(
    ("image", "url"),
    [("alpine", "https://registry-1.docker.io/v2"), ("quay.io/a/b", "https://quay.io/v2")],
)
def test_without_a_server_it_is_the_registry_itself(image, url):
    server = parsed("", Reference.parse(image)).server
    assert server is not None
    assert (server.url, server.namespace) == (url, None)


@pytest.mark.parametrize(
    ("written", "override", "url"),
    [
        ("https://m.example", "false", "https://m.example/v2"),
        ("m.example:5000", "false", "https://m.example:5000/v2"),
        ("http://m.example/", "false", "http://m.example/v2"),
        ("https://m.example/v2", "false", "https://m.example/v2"),
        ("https://m.example/x//y/", "false", "https://m.example/x/y/v2"),
        ("https://m.example/v2/hub", "false", "https://m.example/v2/hub/v2"),
        ("https://m.example/v2/hub", "true", "https://m.example/v2/hub"),
        ("https://m.example", "true", "https://m.example"),
    ],
)
def test_the_api_is_below_v2_unless_the_path_says_it_all(written, override, url):
    (host,) = parsed(f'[host."{written}"]\noverride_path = {override}').mirrors
    assert host.url == url


@pytest.mark.parametrize(
    ("written", "capabilities"),
    [
        ("", EVERYTHING),
        ("capabilities = []", EVERYTHING),
        ('capabilities = ["pull"]', Capability.PULL),
        ('capabilities = ["Pull", "resolve"]', Capability.PULL | Capability.RESOLVE),
        ('capabilities = ["push"]', Capability.PUSH),
    ],
)
def test_no_capabilities_means_all(written, capabilities):
    (host,) = parsed(f'[host."https://m.example"]\n{written}').mirrors
    assert host.capabilities == capabilities


def test_what_stands_outside_of_the_hosts_concerns_the_server_alone():
    found = parsed('skip_verify = true\nca = "up.crt"\n[host."https://m.example"]')
    assert found.server is not None
    assert not found.server.tls.verify
    assert found.server.tls.ca_files == (PATH.parent / "up.crt",)
    assert found.mirrors[0].tls.verify
    assert found.mirrors[0].tls.ca_files == ()


@pytest.mark.parametrize(
    ("written", "certificate", "key"),
    [
        ('"c.pem"', "c.pem", None),
        ('["c.pem", "d.pem"]', "c.pem", None),
        ('[["c.cert", "c.key"], ["d.pem", ""]]', "c.cert", "c.key"),
        ('[["d.pem", ""]]', "d.pem", None),
    ],
)
def test_the_first_client_certificate_is_shown(written, certificate, key):
    (host,) = parsed(f'[host."https://m.example"]\nclient = {written}').mirrors
    folder = PATH.parent
    assert host.tls.client_certificate == folder / certificate
    assert host.tls.client_key == (folder / key if key else None)


def test_several_authorities_may_be_named_and_absolute_paths_stay():
    (host,) = parsed('[host."https://m.example"]\nca = ["a.crt", "/b.crt"]').mirrors
    assert host.tls.ca_files == (PATH.parent / "a.crt", Path("/b.crt"))


def test_headers_are_one_or_several_values():
    (host,) = parsed('[host."https://m.example".header]\nx-a = "1"\nx-b = ["2", "3"]').mirrors
    assert host.headers == (("x-a", "1"), ("x-b", "2"), ("x-b", "3"))


def test_a_mirror_is_told_the_registry_that_it_stands_for():
    (host,) = parsed('[host."https://m.example"]').mirrors
    assert host.namespace == "quay.io"


def test_directories_are_looked_for_in_containerds_order():
    assert directories("r.example:5000") == ["r.example_5000_", "r.example:5000", "_default"]
    assert directories("r.example") == ["r.example", "_default"]


@pytest.mark.parametrize(
    ("there", "used"),
    [
        (["r.example_5000_", "r.example:5000", "_default"], "r.example_5000_"),
        (["r.example:5000", "_default"], "r.example:5000"),
        (["_default"], "_default"),
    ],
)
def test_one_directory_is_used_and_none_are_merged(tmp_path, there, used):
    for name in there:
        (tmp_path / name).mkdir()
        (tmp_path / name / "hosts.toml").write_text(f'[host."https://{name.replace(":", "-").strip("_")}.example"]')
    found = ContainerdHosts.read([tmp_path], Reference.parse("r.example:5000/a"))
    assert found is not None
    assert [host.source for host in found.mirrors] == [str(tmp_path / used / "hosts.toml")]


def test_a_directory_without_the_file_still_hides_the_default(tmp_path):
    (tmp_path / "quay.io").mkdir()
    (tmp_path / "_default").mkdir()
    (tmp_path / "_default" / "hosts.toml").write_text('[host."https://m.example"]')
    assert ContainerdHosts.read([tmp_path], QUAY) is None
    assert ContainerdHosts.read([tmp_path], Reference.parse("alpine")) is not None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('server = "x"\n[host', 2, ""),
        ('server = "x"\nserver = "y"', 2, ""),
        ('\n[host."https://m.example"]\nskip_verify = "yes"', 3, "skip_verify: Expected bool, got str"),
        ('\n[host."https://m.example"]\ncapabilities = ["fly"]', 3, "unknown capability 'fly'"),
        ('\n[host."https://m.example"]\nclient = [["a"]]', 3, "client"),
        ('\n\nserver = "https:// x"', 3, "no host"),
        ('[host."https://m.example".header]\n"x y" = "1"', 2, "cannot be sent"),
        ('[host."https://m.example".header]\nx = "a\\r\\nb: c"', 2, "cannot be sent"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(text, line, said):
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert caught.value.message.startswith(f"{PATH}, line {line}: ")
    assert said in caught.value.message


def test_a_password_in_an_address_is_refused_and_not_shown():
    with pytest.raises(UsageError) as caught:
        parsed('[host."https://me:geheim@m.example"]')
    assert "geheim" not in caught.value.message


_ADDRESSES = st.text("abh:/.[]@?#2v-", max_size=12)


@given(st.text() | _ADDRESSES.map(lambda text: f'server = "{text}"\n[host."https://{text}"]'))
def test_any_text_is_hosts_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        found = parsed(text)
        assert all(host.url.startswith(("http://", "https://")) for host in found.mirrors)
