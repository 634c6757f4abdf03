"""Which folder's certificates count for which host."""

from pathlib import Path

import pytest

from dget.config.certs_d import certs_folders, read_certs
from dget.config.tls import HostTls, TlsByOrigin
from dget.errors import UsageError

ORIGIN = ("https", "registry.corp", 5000)


@pytest.fixture
def environment(tmp_path):
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def folders(tmp_path, environment):
    return certs_folders(environment, system=tmp_path / "etc")


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("")
    return folder


PLACES = (
    "home/.config/containers/certs.d",
    "home/.config/docker/certs.d",
    "home/.docker/certs.d",
    "etc/containers/certs.d",
    "etc/docker/certs.d",
)


@pytest.mark.parametrize("first", range(len(PLACES)))
def test_the_first_folder_of_a_host_counts_alone(tmp_path, folders, first):
    for place in PLACES[first:]:
        put(tmp_path / place / "registry.corp:5000", "ca.crt")
    found = read_certs(folders, ORIGIN)
    assert found is not None
    assert found.ca_files == (tmp_path / PLACES[first] / "registry.corp:5000" / "ca.crt",)


def test_xdg_config_home_moves_the_persons_own(tmp_path):
    folders = certs_folders({"HOME": "/home/me", "XDG_CONFIG_HOME": str(tmp_path)})
    put(tmp_path / "containers/certs.d/registry.corp:5000", "ca.crt")
    assert read_certs(folders, ORIGIN) is not None


@pytest.mark.parametrize(
    ("folder", "origin"),
    [
        ("registry.corp", ("https", "registry.corp", 443)),
        ("registry.corp:443", ("https", "registry.corp", 443)),
        ("registry.corp:5000", ("https", "registry.corp", 5000)),
        ("[::1]:5000", ("https", "::1", 5000)),
    ],
)
def test_a_folder_is_named_after_host_and_port(folders, folder, origin):
    put(folders[0] / folder, "ca.crt")
    assert read_certs(folders, origin) is not None


@pytest.mark.parametrize("folder", ["registry.corp", "corp:5000", "registry.corp:5001", "other.corp:5000"])
def test_other_hosts_folders_do_not_count(folders, folder):
    put(folders[0] / folder, "ca.crt", "client.cert", "client.key")
    assert read_certs(folders, ORIGIN) is None


def test_authorities_and_the_first_client_certificate_are_found(folders):
    folder = put(folders[0] / "registry.corp:5000", "b.crt", "a.crt", "y.cert", "y.key", "x.cert", "x.key", "note.txt")
    assert read_certs(folders, ORIGIN) == HostTls(
        ca_files=(folder / "a.crt", folder / "b.crt"),
        client_certificate=folder / "x.cert",
        client_key=folder / "x.key",
    )


@pytest.mark.parametrize(("name", "missing"), [("x.cert", "x.key"), ("x.key", "x.cert")])
def test_half_a_pair_is_an_error_that_names_the_other_half(folders, name, missing):
    put(folders[0] / "registry.corp:5000", name)
    with pytest.raises(UsageError) as refused:
        read_certs(folders, ORIGIN)
    assert name in refused.value.message
    assert missing in refused.value.message


def test_a_client_certificate_is_for_its_own_origin_alone():
    tls = TlsByOrigin(HostTls(), lambda _: None)
    tls.say(ORIGIN, HostTls(client_certificate=Path("c"), client_key=Path("k")))
    assert tls(ORIGIN).client_key == Path("k")
    for other in (("https", "cdn.corp", 5000), ("https", "registry.corp", 443), ("https", "proxy", 3128)):
        assert (tls(other).client_certificate, tls(other).client_key) == (None, None)


def test_what_is_said_comes_before_what_is_found_and_authorities_add_up():
    found = HostTls(ca_files=(Path("found"),), client_certificate=Path("f"), client_key=Path("fk"))
    tls = TlsByOrigin(HostTls(ca_files=(Path("all"),)), lambda _: found)
    assert tls(ORIGIN).client_certificate == Path("f")
    tls.say(ORIGIN, HostTls(ca_files=(Path("said"),), client_certificate=Path("s"), verify=False))
    assert tls(ORIGIN) == HostTls(
        ca_files=(Path("all"), Path("said"), Path("found")), client_certificate=Path("s"), verify=False
    )
    assert tls(("https", "other", 443)).verify
