"""Registries with certificates of all kinds: whom dget trusts, whom it shows its own, and what it never does."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dget.archive import check_archive
from tests.parts.distribution import free_port
from tests.parts.nginx import Nginx, server
from tests.parts.process import need
from tests.parts.tls import CertificateAuthority, KeyPair

_TIMEOUT = 60
# Where Linux distributions keep what they trust.
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """host: of a private authority; strict: the same that wants a client certificate; resolve: the options for both."""

    host: str
    strict: str
    resolve: tuple[str, ...]
    authority: CertificateAuthority
    client: KeyPair
    nginx: Nginx


def to(registry: str) -> str:
    return (
        f"location / {{ proxy_pass http://{registry}; proxy_set_header Host $http_host; "
        "proxy_set_header X-Forwarded-Proto $scheme; }"
    )


@pytest.fixture(scope="module")
def place(filled_registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    authority = CertificateAuthority(folder / "ca")
    port, strict_port = free_port(), free_port()
    certificate = authority.server("registry.test")
    wanted = (f"ssl_client_certificate {authority.file};", "ssl_verify_client on;")
    servers = (
        server(f"127.0.0.1:{port}", to(filled_registry.address), names=["registry.test"], tls=certificate),
        server(f"127.0.0.1:{strict_port}", *wanted, to(filled_registry.address), names=["strict"], tls=certificate),
    )
    resolve = [word for one in (port, strict_port) for word in ("--resolve", f"registry.test:{one}:127.0.0.1")]
    with Nginx(folder / "nginx", *servers) as nginx:
        yield Place(
            host=f"registry.test:{port}",
            strict=f"registry.test:{strict_port}",
            resolve=(*resolve, "-arch", "amd64", "--no-cache"),
            authority=authority,
            client=authority.client("me"),
            nginx=nginx,
        )


@pytest.fixture
def pull(dget, place, workplace):
    """Pulls from `host`, whole; standard error."""

    def run(host: str, *words: str | Path) -> str:
        done = dget(f"{host}/oci-single:1", *place.resolve, *words)
        assert done.returncode == 0, done.stderr
        archive = workplace / done.stdout.strip()
        assert check_archive(archive) == [f"{host}/oci-single:1"]
        archive.unlink()
        return str(done.stderr)

    return run


@pytest.fixture
def refused(dget, place, workplace) -> Callable[..., str]:
    def run(host: str, *words: str | Path, status: int = 5) -> str:
        done = dget(f"{host}/oci-single:1", *place.resolve, *words)
        assert done.returncode == status, done.stderr
        assert list(workplace.iterdir()) == []
        return str(done.stderr)

    return run


@pytest.fixture
def pulled_where(environment, place, workplace) -> Callable[[str, str], subprocess.CompletedProcess[str]]:
    """Pulls from a host in a mount namespace of its own, in which a command of the shell was run before."""
    within = [need("unshare", "util-linux"), "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--"]

    def run(before: str, host: str) -> subprocess.CompletedProcess[str]:
        dget = [sys.executable, "-m", "dget", f"{host}/oci-single:1", *place.resolve]
        return subprocess.run(
            [*within, "sh", "-c", f'{before} && exec "$@"', "sh", *dget],
            cwd=workplace,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )

    return run


@pytest.fixture
def home(environment) -> Path:
    return Path(environment["HOME"])


def test_a_private_authority_is_trusted_on_request(pull, refused, place):
    assert "--ca-file" in refused(place.host)
    pull(place.host, "--ca-file", place.authority.file)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_the_environment_names_authorities(pull, environment, place, variable):
    environment[variable] = str(place.authority.file)
    pull(place.host)


@pytest.mark.parametrize("name", ["anything.pem", "{hash}.0"])
def test_the_environment_names_a_folder_of_authorities(pull, environment, place, tmp_path, name):
    folder = tmp_path / "authorities"
    folder.mkdir()
    command = [need("openssl", "openssl"), "x509", "-noout", "-subject_hash", "-in", place.authority.file]
    hashed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    (folder / name.format(hash=hashed)).write_bytes(place.authority.file.read_bytes())
    environment["SSL_CERT_DIR"] = f"{tmp_path / 'work'}:{folder}"
    pull(place.host)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"])
def test_what_the_environment_names_and_is_not_there_is_said(refused, environment, place, tmp_path, variable):
    environment[variable] = str(tmp_path / "missing")
    assert variable in refused(place.host, status=2)


def test_a_ca_file_that_holds_no_certificate_is_said(refused, place, tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    assert "holds no certificate" in refused(place.host, "--ca-file", tmp_path / "ca.pem", status=2)


@pytest.mark.parametrize("folder", [".config/containers", ".config/docker", ".docker"])
def test_certs_d_folders_of_the_person_count(pull, refused, place, home, folder):
    own = home / folder / "certs.d" / place.strict
    own.mkdir(parents=True)
    (own / "ca.crt").write_bytes(place.authority.file.read_bytes())
    assert "No required SSL certificate was sent" in refused(place.strict)
    (own / "client.cert").write_bytes(place.client.certificate.read_bytes())
    assert "client.key" in refused(place.strict, status=2)
    (own / "client.key").write_bytes(place.client.key.read_bytes())
    pull(place.strict)
    assert "--ca-file" in refused(place.host)


@pytest.mark.parametrize("folder", ["docker", "containers"])
def test_certs_d_folders_of_the_system_count(pulled_where, place, tmp_path, folder):
    own = tmp_path / "etc" / "certs.d" / place.strict
    own.mkdir(parents=True)
    (own / "ca.crt").write_bytes(place.authority.file.read_bytes())
    (own / "client.cert").write_bytes(place.client.certificate.read_bytes())
    (own / "client.key").write_bytes(place.client.key.read_bytes())
    done = pulled_where(f'mount --bind "{tmp_path / "etc"}" /etc/{folder}', place.strict)
    assert done.returncode == 0, done.stderr


def test_the_systems_own_authorities_are_trusted(pulled_where, place):
    bundle = next(path for path in _BUNDLES if Path(path).exists())
    done = pulled_where(f'mount --bind "{place.authority.file}" {bundle}', place.host)
    assert done.returncode == 0, done.stderr


def test_a_system_without_authorities_says_what_to_install(pulled_where, place):
    folders = {str(Path(path).parent) for path in _BUNDLES if Path(path).exists()}
    done = pulled_where(" && ".join(f"mount -t tmpfs none {folder}" for folder in folders), place.host)
    assert done.returncode == 5, done.stderr
    assert "ca-certificates" in done.stderr
    assert "--ca-file" in done.stderr


def test_a_client_certificate_of_the_command_line(pull, refused, place, tmp_path):
    ca_file = tmp_path / "prüfstelle.pem"
    ca_file.write_bytes(place.authority.file.read_bytes())
    trust = ("--ca-file", ca_file)
    assert "No required SSL certificate was sent" in refused(place.strict, *trust)
    pull(place.strict, *trust, "--cert", place.client.certificate, "--key", place.client.key)
    both = tmp_path / "schlüssel.pem"
    both.write_bytes(place.client.certificate.read_bytes() + place.client.key.read_bytes())
    pull(place.strict, *trust, "--cert", both)


def test_a_client_certificate_that_cannot_be_used_is_said(refused, place, tmp_path):
    trust = ("--ca-file", place.authority.file)
    missing = tmp_path / "missing.pem"
    assert str(missing) in refused(place.strict, *trust, "--cert", missing, "--key", place.client.key)
    locked = tmp_path / "locked.key"
    command = [need("openssl", "openssl"), "ec", "-aes128", "-passout", "pass:geheim", "-in", place.client.key]
    subprocess.run([*command, "-out", locked], check=True, capture_output=True)
    said = refused(place.strict, *trust, "--cert", place.client.certificate, "--key", locked)
    assert f"the client certificate for {place.strict} cannot be used" in said
    assert str(locked) in said
    assert "a key without its certificate" in refused(place.strict, "--key", locked, status=2)


def test_a_client_certificate_goes_to_its_own_registry_alone(dget, place, filled_registry, tmp_path, workplace):
    """The blobs' host and the token service each refuse whoever shows a certificate; the registry wants one."""
    ports = {name: free_port() for name in ("registry.test", "cdn.test")}
    asks = (f"ssl_client_certificate {place.authority.file};", "ssl_verify_client optional;")
    none = ("if ($ssl_client_s_dn) { return 400; }", to(filled_registry.address))
    token = f"https://cdn.test:{ports['cdn.test']}/token"
    servers = (
        server(
            f"127.0.0.1:{ports['registry.test']}",
            f"ssl_client_certificate {place.authority.file};",
            "ssl_verify_client on;",
            f"add_header WWW-Authenticate 'Bearer realm=\"{token}\"' always;",
            'if ($http_authorization = "") { return 401; }',
            f"location ~ /blobs/ {{ return 307 https://cdn.test:{ports['cdn.test']}$request_uri; }}",
            "location / { " + f"proxy_pass http://{filled_registry.address}; }}",
            names=["registry.test"],
            tls=place.authority.server("registry.test"),
        ),
        server(
            f"127.0.0.1:{ports['cdn.test']}",
            *asks,
            'location /token { if ($ssl_client_s_dn) { return 400; } return 200 \'{"token": "T"}\'; }',
            *none,
            names=["cdn.test"],
            tls=place.authority.server("cdn.test"),
        ),
    )
    resolve = [word for name, port in ports.items() for word in ("--resolve", f"{name}:{port}:127.0.0.1")]
    own = ("--cert", place.client.certificate, "--key", place.client.key, "--ca-file", place.authority.file)
    with Nginx(tmp_path / "nginx", *servers) as nginx:
        done = dget(f"registry.test:{ports['registry.test']}/oci-single:1", "-arch", "amd64", *own, *resolve)
        assert done.returncode == 0, done.stderr
        elsewhere = [one for one in nginx.asked if one.server == "cdn.test"]
        assert {one.status for one in elsewhere} == {200}
        assert {one.path.partition("/")[2].partition("/")[0] for one in elsewhere} == {"token", "v2"}


def test_insecure_takes_any_certificate_and_warns_loudly(pull, place):
    said = pull(place.host, "--insecure")
    assert f"{place.host} is not checked (--insecure)" in said
    assert "passwords" in said


def test_a_certificate_for_another_name_is_refused(refused, place, tmp_path):
    port = free_port()
    other = server(f"127.0.0.1:{port}", "return 200;", tls=place.authority.server("other.test"))
    with Nginx(tmp_path / "nginx", other):
        host = f"wrong.test:{port}"
        said = refused(host, "--resolve", f"{host}:127.0.0.1", "--ca-file", place.authority.file)
        assert f"the TLS certificate of {host} is not trusted" in said


@pytest.mark.parametrize("registry_option", [(), ("--ca-file", "{ca}"), ("-proxy", "http://127.0.0.1:1")])
def test_a_name_is_never_asked_in_plain_http_unless_the_person_says_so(
    refused, place, filled_registry, tmp_path, registry_option
):
    port = free_port()
    with Nginx(tmp_path / "nginx", server(f"127.0.0.1:{port}", to(filled_registry.address))) as nginx:
        host = f"plain.test:{port}"
        words = [word.format(ca=place.authority.file) for word in registry_option]
        refused(host, "--resolve", f"{host}:127.0.0.1", *words)
        assert nginx.asked == []


def test_plain_http_on_this_machine_and_on_request(pull, place, filled_registry, tmp_path):
    port = free_port()
    with Nginx(tmp_path / "nginx", server(f"127.0.0.1:{port}", to(filled_registry.address))) as nginx:
        pull(f"127.0.0.1:{port}")
        pull(f"plain.test:{port}", "--resolve", f"plain.test:{port}:127.0.0.1", "--insecure")
        assert {one.status for one in nginx.asked} <= {200, 206}


def test_a_tls_that_is_too_old_is_refused(refused, place, tmp_path):
    port = free_port()
    old = server(
        f"127.0.0.1:{port}",
        "ssl_protocols TLSv1.1;",
        "ssl_ciphers ALL:@SECLEVEL=0;",
        "return 200;",
        tls=place.authority.server("old.test"),
    )
    with Nginx(tmp_path / "nginx", old) as nginx:
        host = f"old.test:{port}"
        refused(host, "--resolve", f"{host}:127.0.0.1", "--ca-file", place.authority.file)
        assert nginx.asked == []


@pytest.mark.parametrize("secure", [True, False])
def test_a_registry_at_an_ipv6_address(pull, place, filled_registry, tmp_path, secure):
    port = free_port()
    one = server(f"[::1]:{port}", to(filled_registry.address), tls=place.authority.server("::1") if secure else None)
    with Nginx(tmp_path / "nginx", one):
        pull(f"[::1]:{port}", "--ca-file", place.authority.file)


def test_resolve_leads_to_an_ipv6_address(pull, place, filled_registry, tmp_path):
    port = free_port()
    one = server(f"[::1]:{port}", to(filled_registry.address), tls=place.authority.server("six.test"))
    with Nginx(tmp_path / "nginx", one):
        pull(f"six.test:{port}", "--ca-file", place.authority.file, "--resolve", f"six.test:{port}:[::1]")
