"""Through real proxies of every kind, and what is said when one does not let us through."""

from dataclasses import dataclass

import pytest

from dget.archive import check_archive
from tests.integration.conftest import Dget
from tests.parts.dante import Dante
from tests.parts.distribution import free_port
from tests.parts.kerberos import REALM, Kerberos
from tests.parts.nginx import Nginx, server
from tests.parts.socks4a import Socks4a
from tests.parts.squid import Squid, basic, closed, digest, negotiate, ntlm_alone, open_to_all
from tests.parts.tinyproxy import Tinyproxy
from tests.parts.tls import CertificateAuthority

# As a company's passwords are: with what must be percent-encoded.
USER, PASSWORD, WRONG = "d me", "ge:h@im/%é", "falsch"
ENCODED = "d%20me:ge%3Ah%40im%2F%25%C3%A9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A registry under a name that only `options` lead to. plain_host: the same in plain HTTP."""

    host: str
    plain_host: str
    port: int
    options: tuple[str, ...]
    authority: CertificateAuthority


@pytest.fixture(scope="module")
def place(filled_registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    authority = CertificateAuthority(folder / "ca")
    port, plain = free_port(), free_port()
    to_registry = (
        f"location / {{ proxy_pass http://{filled_registry.address}; proxy_set_header Host $http_host; "
        "proxy_set_header X-Forwarded-Proto $scheme; }"
    )
    servers = (
        server(f"127.0.0.1:{port}", to_registry, tls=authority.server("registry.test")),
        server(f"127.0.0.1:{plain}", to_registry),
    )
    options = ("--resolve", f"registry.test:{port}:127.0.0.1", "--ca-file", str(authority.file), "-arch", "amd64")
    with Nginx(folder / "nginx", *servers):
        yield Place(
            host=f"registry.test:{port}",
            plain_host=f"127.0.0.1:{plain}",
            port=port,
            options=options,
            authority=authority,
        )


@pytest.fixture(scope="module")
def squid(place):
    with Squid(open_to_all, tls=place.authority.server("localhost")) as proxy:
        yield proxy


@pytest.fixture
def pull(dget: Dget, place, workplace):
    """Pulls the image by name, whole, and leaves nothing behind."""

    def run(*words: str) -> None:
        done = dget(f"{place.host}/oci-single:1", "--no-cache", *place.options, *words)
        assert done.returncode == 0, done.stderr
        archive = workplace / done.stdout.strip()
        assert check_archive(archive) == [f"{place.host}/oci-single:1"]
        archive.unlink()

    return run


@pytest.fixture
def refused(dget: Dget, place, workplace):
    """Tries to; error and hint, which must be all that is said, without a password."""

    def run(*words: str, image: str = "") -> str:
        done = dget(image or f"{place.host}/oci-single:1", "--no-cache", *place.options, *words)
        assert done.returncode == 5, done.stderr
        said = done.stderr[done.stderr.index("error: ") :]
        assert said.count("\n") == 2, done.stderr
        for secret in (PASSWORD, ENCODED, WRONG, ENCODED.partition(":")[2]):
            assert secret not in done.stdout + done.stderr
        assert list(workplace.iterdir()) == []
        return said

    return run


def test_an_http_proxy(pull, squid, place):
    pull("-proxy", f"http://{squid.address}")
    assert {(one.method, one.target) for one in squid.passed if one.status == 200} >= {
        ("CONNECT", f"127.0.0.1:{place.port}")
    }


def test_an_https_proxy(pull, squid):
    before = len(squid.passed)
    pull("-proxy", f"https://{squid.tls_address}")
    assert {one.status for one in squid.passed[before:]} == {200}


@pytest.mark.parametrize("log_in", [basic, digest])
def test_a_proxy_that_wants_a_password(pull, refused, log_in):
    with Squid(log_in({USER: PASSWORD})) as proxy:
        pull("-proxy", f"http://{ENCODED}@{proxy.address}")
        assert USER in {one.user for one in proxy.passed if one.status == 200}
        without = refused("-proxy", f"http://{proxy.address}")
        assert f"the proxy {proxy.address} wants a name and a password" in without
        assert "NAME:PASSWORD@" in without
        wrong = refused("-proxy", f"http://d%20me:{WRONG}@{proxy.address}")
        assert f"the proxy {proxy.address} refused the name or the password" in wrong


def test_an_https_proxy_that_wants_a_password(pull, place):
    with Squid(basic({USER: PASSWORD}), tls=place.authority.server("localhost")) as proxy:
        pull("-proxy", f"https://{ENCODED}@{proxy.tls_address}")


def test_tinyproxy_and_its_password(pull, refused, tmp_path):
    with Tinyproxy(tmp_path / "tinyproxy", user=("me", "geheim")) as proxy:
        pull("-proxy", f"http://me:geheim@{proxy.address}")
        assert "wants a name and a password" in refused("-proxy", f"http://{proxy.address}")
        assert "refused the name or the password" in refused("-proxy", f"http://me:{WRONG}@{proxy.address}")


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h", "socks"])
def test_a_socks_proxy(pull, scheme, tmp_path):
    with Dante(tmp_path / "dante") as proxy:
        pull("-proxy", f"{scheme}://{proxy.address}")
        assert "pass" in proxy.log


def test_a_socks_4a_proxy(pull):
    with Socks4a() as proxy:
        pull("-proxy", f"socks4a://{proxy.address}")
        assert set(proxy.asked) == {"127.0.0.1"}


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_that_wants_a_password(pull, refused, scheme, tmp_path):
    with Dante(tmp_path / "dante", user=("dgetuser", PASSWORD)) as proxy:
        pull("-proxy", f"{scheme}://dgetuser:{ENCODED.partition(':')[2]}@{proxy.address}")
        assert "wants a name and a password" in refused("-proxy", f"{scheme}://{proxy.address}")
        wrong = refused("-proxy", f"{scheme}://dgetuser:{WRONG}@{proxy.address}")
        assert f"the proxy {proxy.address} refused the name or the password" in wrong


def test_a_proxy_that_offers_ntlm_alone_is_told_with_the_way_round(refused):
    with Squid(ntlm_alone) as proxy:
        for url in (f"http://{proxy.address}", f"http://{ENCODED}@{proxy.address}"):
            said = refused("-proxy", url)
            assert f"the proxy {proxy.address} offers no log-in but NTLM" in said
            assert "cntlm or px" in said


def test_a_proxy_that_wants_a_kerberos_ticket(pull, refused, environment, tmp_path):
    with (
        Kerberos(tmp_path / "kerberos", host="localhost") as realm,
        Squid(negotiate(realm.service, realm.keytab, realm.config)) as proxy,
    ):
        url = f"http://{proxy.address.replace('127.0.0.1', 'localhost')}"
        said = refused("-proxy", url)
        assert "wants a Kerberos log-in (Negotiate), and there is no ticket that it takes" in said
        assert "kinit" in said
        environment.update(realm.ticket())
        pull("-proxy", url)
        assert {one.user for one in proxy.passed if one.status == 200} == {f"me@{REALM}"}


def test_a_proxy_that_does_not_allow_the_host_is_told_from_the_registry(refused, place, tmp_path):
    with Squid(closed) as proxy:
        said = refused("-proxy", f"http://{proxy.address}")
        assert f"the proxy {proxy.address} does not allow connections to {place.host} (403)" in said
    with Tinyproxy(tmp_path / "tinyproxy", ports=[1]) as small:
        assert f"the proxy {small.address} does not allow" in refused("-proxy", f"http://{small.address}")
    with Dante(tmp_path / "dante", passes=False) as socks:
        assert f"the proxy {socks.address} does not allow" in refused("-proxy", f"socks5h://{socks.address}")
        assert f"the proxy {socks.address} did not connect" in refused("-proxy", f"socks4a://{socks.address}")


def test_a_plain_http_registrys_answers_are_told_from_the_proxys(dget, refused, squid, place, workplace):
    image = f"{place.plain_host}/oci-single:1"
    done = dget(image, "-arch", "amd64", "-proxy", f"http://{squid.address}", "-o", "x.tar")
    assert done.returncode == 0, done.stderr
    assert f"http://{place.plain_host}/v2/oci-single/manifests/1" in {one.target for one in squid.passed}
    missing = dget(f"{place.plain_host}/missing:1", "-proxy", f"http://{squid.address}")
    assert missing.returncode == 3, missing.stderr
    (workplace / "x.tar").unlink()
    with Squid(closed) as proxy:
        said = refused("-proxy", f"http://{proxy.address}", image=image)
        assert f"the proxy {proxy.address} does not allow connections to {place.plain_host}" in said
    with Squid(basic({USER: PASSWORD})) as proxy:
        said = refused("-proxy", f"http://{proxy.address}", image=image)
        assert f"the proxy {proxy.address} wants a name and a password" in said
    nowhere = f"127.0.0.1:{free_port()}"
    said = refused("-proxy", f"http://{squid.address}", image=f"{nowhere}/x:1")
    assert f"the proxy {squid.address} could not connect to {nowhere}" in said


@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks5h"])
def test_a_proxy_that_is_not_there_is_named(refused, scheme):
    nowhere = f"127.0.0.1:{free_port()}"
    assert f"cannot connect to the proxy {nowhere}" in refused("-proxy", f"{scheme}://{ENCODED}@{nowhere}")


def test_a_proxys_name_that_cannot_be_found_is_told(refused):
    said = refused("-proxy", f"http://{ENCODED}@proxy.invalid:3128")
    assert "the proxy's host name proxy.invalid cannot be found" in said


def test_a_host_that_the_proxy_does_not_reach_is_told(refused, squid, tmp_path):
    nowhere = f"127.0.0.1:{free_port()}/x:1"
    said = refused("-proxy", f"http://{squid.address}", image=nowhere)
    assert f"the proxy {squid.address} could not connect to" in said
    with Dante(tmp_path / "dante") as socks:
        said = refused("-proxy", f"socks5h://{socks.address}", image=nowhere)
        assert "the host refuses the connection" in said


def test_a_proxy_whose_certificate_nobody_trusts_is_told_and_insecure_does_not_help(refused, place, tmp_path):
    foreign = CertificateAuthority(tmp_path / "foreign")
    with Squid(open_to_all, tls=foreign.server("localhost")) as proxy:
        for more in ([], ["--insecure"]):
            said = refused("-proxy", f"https://{ENCODED}@{proxy.tls_address}", *more)
            assert f"the proxy {proxy.tls_address} and dget found no common TLS, or its certificate" in said
            assert "--ca-file" in said
        assert proxy.passed == []


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_the_environment_names_the_proxy(pull, squid, environment, place, variable):
    environment.update({variable: f"http://{squid.address}", "NO_PROXY": ""})
    before = len(squid.passed)
    pull()
    assert {one.target for one in squid.passed[before:]} == {f"127.0.0.1:{place.port}"}


@pytest.mark.parametrize(
    ("no_proxy", "passed"),
    [("*", False), ("registry.test", False), (".test", False), ("{host}", False), ("registry.test:1", True)],
)
def test_no_proxy_takes_hosts_off_the_environments_proxy(pull, squid, environment, place, no_proxy, passed):
    environment.update({"HTTPS_PROXY": f"http://{squid.address}", "NO_PROXY": no_proxy.format(host=place.host)})
    before = len(squid.passed)
    pull()
    assert (len(squid.passed) > before) is passed


def test_http_proxy_in_upper_case_counts_for_plain_http_alone(dget, pull, squid, environment, place, workplace):
    environment.update({"HTTP_PROXY": f"http://{squid.address}", "NO_PROXY": ""})
    before = len(squid.passed)
    pull()
    assert len(squid.passed) == before
    plain = place.plain_host.replace("127.0.0.1", "plain.test")
    resolve = ("--resolve", f"{plain}:127.0.0.1", "--insecure", "-arch", "amd64")
    assert dget(f"{plain}/oci-single:1", *resolve, "-o", "x.tar").returncode == 0
    assert len(squid.passed) > before


def test_a_proxy_on_the_command_line_comes_before_the_environments(pull, squid, environment):
    environment.update({"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"})
    before = len(squid.passed)
    pull("-proxy", f"http://{squid.address}")
    assert len(squid.passed) > before
    before = len(squid.passed)
    pull("-proxy", f"http://{squid.address}", "--no-proxy", "registry.test")
    assert len(squid.passed) == before
