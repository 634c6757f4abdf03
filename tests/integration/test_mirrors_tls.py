"""Mirrors whose certificates are no public authority's: trusted as containerd's and podman's files say, and no further."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dget.archive import check_archive
from tests.parts.distribution import free_port
from tests.parts.nginx import Nginx, server
from tests.parts.tls import CertificateAuthority, KeyPair


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """host: of a private authority; strict: the same that wants a client certificate; resolve: the options for both."""

    host: str
    strict: str
    resolve: tuple[str, ...]
    authority: CertificateAuthority
    client: KeyPair
    nginx: Nginx


@pytest.fixture(scope="module")
def mirror(filled_registry, tmp_path_factory) -> Iterator[Mirror]:
    folder = tmp_path_factory.mktemp("mirror")
    authority = CertificateAuthority(folder / "ca")
    port, strict_port = free_port(), free_port()
    pair = authority.server("mirror.test")
    to = f"location / {{ proxy_set_header Host $http_host; proxy_pass http://{filled_registry.address}; }}"
    wanted = (f"ssl_client_certificate {authority.file};", "ssl_verify_client on;")
    servers = (
        server(f"127.0.0.1:{port}", to, names=["mirror.test"], tls=pair),
        server(f"127.0.0.1:{strict_port}", *wanted, to, names=["mirror.test"], tls=pair),
    )
    resolve = [word for one in (port, strict_port) for word in ("--resolve", f"mirror.test:{one}:127.0.0.1")]
    with Nginx(folder / "nginx", *servers) as nginx:
        yield Mirror(
            host=f"mirror.test:{port}",
            strict=f"mirror.test:{strict_port}",
            resolve=tuple(resolve),
            authority=authority,
            client=authority.client("me"),
            nginx=nginx,
        )


@pytest.fixture
def gone() -> str:
    """A registry that nobody answers for, so that what arrives is the mirror's."""
    return f"127.0.0.1:{free_port()}"


def hosts_toml(home: Path, registry: str, text: str) -> Path:
    folder = home / ".config/containerd/certs.d" / (registry.replace(":", "_") + "_")
    folder.mkdir(parents=True)
    (folder / "hosts.toml").write_text(text)
    return folder


@pytest.fixture
def pull(dget, mirror, gone, workplace):
    """Whether it went well, and standard error."""

    def run(*words: str) -> tuple[bool, str]:
        done = dget(f"{gone}/oci-single:1", "-arch", "amd64", "-o", "x.tar", *mirror.resolve, *words)
        if done.returncode == 0:
            assert check_archive(workplace / "x.tar") == [f"{gone}/oci-single:1"]
        return done.returncode == 0, done.stderr

    return run


@pytest.fixture
def home(environment) -> Path:
    return Path(environment["HOME"])


def test_a_mirror_of_an_unknown_authority_is_not_taken(pull, mirror, gone, home):
    hosts_toml(home, gone, f'[host."https://{mirror.host}"]\n')
    done, told = pull()
    assert not done
    assert "not trusted" in told


@pytest.mark.parametrize("path", ["ca.crt", "absolute"])
def test_hosts_toml_names_a_mirrors_authority(pull, mirror, gone, home, path):
    name = str(mirror.authority.file) if path == "absolute" else path
    folder = hosts_toml(home, gone, f'[host."https://{mirror.host}"]\nca = "{name}"\n')
    (folder / "ca.crt").write_bytes(mirror.authority.file.read_bytes())
    done, told = pull()
    assert done, told


def test_hosts_toml_may_say_that_a_certificate_is_not_verified(pull, mirror, gone, home):
    hosts_toml(home, gone, f'[host."https://{mirror.host}"]\nskip_verify = true\n')
    done, told = pull()
    assert done, told


def test_what_is_said_of_the_server_holds_for_no_mirror(pull, mirror, gone, home):
    hosts_toml(home, gone, f'skip_verify = true\n[host."https://{mirror.host}"]\n')
    done, told = pull()
    assert not done
    assert "not trusted" in told


def test_hosts_toml_names_a_mirrors_client_certificate(pull, mirror, gone, home):
    pair = f'[["{mirror.client.certificate}", "{mirror.client.key}"]]'
    ca = f'ca = "{mirror.authority.file}"\n'
    hosts_toml(home, gone, f'[host."https://{mirror.strict}"]\n{ca}client = {pair}\n')
    done, told = pull()
    assert done, told


def test_the_client_certificate_of_this_run_is_the_registrys_and_no_mirrors(pull, mirror, gone, home):
    hosts_toml(home, gone, f'[host."https://{mirror.strict}"]\nca = "{mirror.authority.file}"\n')
    done, _ = pull("--cert", str(mirror.client.certificate), "--key", str(mirror.client.key))
    assert not done


def test_registries_conf_takes_a_mirrors_bad_certificate_where_it_is_insecure(pull, mirror, gone, home):
    def write(insecure: str) -> None:
        text = f'[[registry]]\nlocation = "{gone}"\n[[registry.mirror]]\nlocation = "{mirror.host}"\n'
        path = home / ".config/containers/registries.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}insecure = {insecure}\n")

    write("false")
    assert not pull("--no-cache")[0]
    write("true")
    done, told = pull("--no-cache")
    assert done, told


def test_daemon_json_takes_an_insecure_registrys_bad_certificate(dget, mirror, home, workplace):
    path = home / ".config/docker/daemon.json"
    path.parent.mkdir(parents=True)
    words = (f"{mirror.host}/oci-single:1", "-arch", "amd64", "-o", "x.tar", *mirror.resolve)
    assert dget(*words).returncode == 5
    path.write_text(f'{{"insecure-registries": ["{mirror.host}"]}}')
    done = dget(*words)
    assert done.returncode == 0, done.stderr
