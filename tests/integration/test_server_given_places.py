"""Where a public registry may not send dget: seen in a network of its own, in which there is one."""

import sys

import pytest

from tests.parts.nginx import server
from tests.parts.private_net import PrivateNet
from tests.parts.tls import CertificateAuthority

PUBLIC, PRIVATE, LOOPBACK, METADATA, METADATA_6 = "8.8.8.8", "10.0.0.1", "127.0.0.2", "169.254.169.254", "fd00:ec2::254"
PLACES = {
    "public.test": PUBLIC,
    "private.test": PRIVATE,
    "loopback.test": LOOPBACK,
    "metadata.test": METADATA,
    "metadata6.test": METADATA_6,
}


# Repository `to/NAME` leads to that name; `wants/NAME` has its token service there.
LOCATIONS = (
    "location ~ ^/v2/to/(?<target>[^/]+)/ { return 307 https://$target/v2/x/manifests/1; }",
    (
        'location ~ ^/v2/wants/(?<target>[^/]+)/ { add_header WWW-Authenticate "Bearer realm=\\"https://$target/token\\"" '
        "always; return 401; }"
    ),
    "location / { return 404; }",
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def net(authority, tmp_path_factory):
    servers = [
        server(
            f"[{address}]:443" if ":" in address else f"{address}:443",
            *LOCATIONS,
            names=[name],
            tls=authority.server(name, address),
        )
        for name, address in PLACES.items()
    ]
    return PrivateNet(tmp_path_factory.mktemp("net") / "net", *servers, names=PLACES)


@pytest.fixture
def ask(net, authority, environment, workplace):
    """Asks in that network for an image that is not there; what dget says, and the hosts that were asked."""

    def run(image, *words):
        command = [sys.executable, "-m", "dget", image, "--ca-file", authority.file, *words]
        done = net.run(*command, environment=environment, cwd=workplace)
        assert done.returncode in (3, 5), done.stderr
        return done.stderr, {one.host for one in net.asked}

    return run


@pytest.mark.parametrize("kind", ["to", "wants"])
@pytest.mark.parametrize("target", ["loopback.test", "metadata.test", "metadata6.test"])
def test_a_public_registry_leads_to_no_name_on_this_machine_or_of_its_cloud(ask, kind, target):
    said, asked = ask(f"public.test/{kind}/{target}:1")
    assert asked == {"public.test"}
    assert f"public.test sends dget to {target}, at a" in said
    assert PLACES[target] in said
    assert "hint: if that is right, say so with --resolve" in said


@pytest.mark.parametrize("kind", ["to", "wants"])
def test_names_may_lead_into_a_companys_network(ask, kind):
    _, asked = ask(f"public.test/{kind}/private.test:1")
    assert asked == {"public.test", "private.test"}


@pytest.mark.parametrize("kind", ["to", "wants"])
@pytest.mark.parametrize("target", [PRIVATE, LOOPBACK, METADATA, "localhost", "0x7f000002", "127.2", "2130706434"])
def test_a_public_registry_leads_to_no_address_that_is_written_out(ask, kind, target):
    said, asked = ask(f"public.test/{kind}/{target}:1")
    assert asked == {"public.test"}
    assert "refused" in said or "not http or https" in said


def test_a_registry_in_a_private_network_may_write_out_an_address_there(ask):
    _, asked = ask(f"private.test/to/{PRIVATE}:1")
    assert asked == {"private.test", PRIVATE}
    said, asked = ask(f"private.test/to/{LOOPBACK}:1")
    assert asked == {"private.test"}
    assert "refused" in said


def test_a_registry_on_this_machine_may_lead_to_this_machine(ask):
    _, asked = ask("loopback.test/to/public.test:1")
    assert asked == {"loopback.test", "public.test"}


def test_resolve_allows_what_it_names(ask):
    _, asked = ask("public.test/to/loopback.test:1", "--resolve", f"loopback.test:443:{LOOPBACK}")
    assert asked == {"public.test", "loopback.test"}


def test_the_person_may_ask_this_machine_under_any_name(ask):
    _, asked = ask("loopback.test/x:1")
    assert asked == {"loopback.test"}
