"""Where a server may send us."""

import pytest

from dget.config.resolve import Pin
from dget.errors import NetworkError
from dget.protocol.http import Request
from dget.transport.reach import Reach

REGISTRY = "https://registry.example/v2/a/blobs/b"
PUBLIC, PRIVATE, LOOPBACK, METADATA = "8.8.8.8", "10.0.0.1", "127.0.0.1", "169.254.169.254"


def given(url: str) -> Request:
    return Request(url=url, given_by=REGISTRY)


def reached(*addresses: str, pins: tuple[str, ...] = ()) -> Reach:
    """The registry was reached at these addresses, in this order."""
    reach = Reach([Pin.parse(pin) for pin in pins])
    for address in addresses:
        reach.check_address(Request(url=REGISTRY), address)
    return reach


@pytest.mark.parametrize(
    ("registry_at", "target", "address", "allowed"),
    [
        (PUBLIC, "https://cdn.example", PUBLIC, True),
        (PUBLIC, "https://cdn.corp", PRIVATE, True),
        (PUBLIC, "https://cdn.example", LOOPBACK, False),
        (PUBLIC, "https://cdn.example", "::1", False),
        (PUBLIC, "https://cdn.example", "::ffff:127.0.0.1", False),
        (PUBLIC, "https://cdn.example", "0.0.0.0", False),
        (PUBLIC, "https://cdn.example", METADATA, False),
        (PUBLIC, "https://cdn.example", "fd00:ec2::254", False),
        (PUBLIC, "https://10.0.0.1", PRIVATE, False),
        (PRIVATE, "https://cdn.corp", PRIVATE, True),
        (PRIVATE, "https://10.0.0.1", PRIVATE, True),
        (PRIVATE, "https://cdn.corp", LOOPBACK, False),
        (PRIVATE, "https://cdn.corp", METADATA, False),
        (LOOPBACK, "https://cdn.test", LOOPBACK, True),
        (LOOPBACK, "https://10.0.0.1", PRIVATE, True),
        (LOOPBACK, "https://cdn.test", METADATA, False),
        (METADATA, "https://cdn.test", METADATA, True),
    ],
)
def test_what_a_server_names_lies_no_further_inwards_than_the_server(registry_at, target, address, allowed):
    reach = reached(registry_at)
    if allowed:
        reach.check_address(given(target), address)
        return
    with pytest.raises(NetworkError, match="refused") as refused:
        reach.check_address(given(target), address)
    assert address in refused.value.message
    assert "--resolve" in (refused.value.hint or "")


@pytest.mark.parametrize("address", [PUBLIC, PRIVATE, LOOPBACK, METADATA])
def test_the_person_may_go_anywhere(address):
    Reach(()).check_address(Request(url=REGISTRY), address)


@pytest.mark.parametrize("address", [LOOPBACK, METADATA])
def test_resolve_allows_what_it_names(address):
    reach = reached(PUBLIC, pins=(f"cdn.example:443:{address}",))
    reach.check_address(given("https://cdn.example/x"), address)
    with pytest.raises(NetworkError):
        reach.check_address(given("https://cdn.example:8443/x"), address)


def test_a_name_that_leads_elsewhere_later_gains_nothing():
    reach = reached(PUBLIC, LOOPBACK)
    with pytest.raises(NetworkError):
        reach.check_address(given("https://cdn.example"), LOOPBACK)


def test_each_of_a_chain_leads_no_further_inwards_than_it_lies_itself():
    reach = reached(LOOPBACK)
    reach.check_address(given("https://near.example"), LOOPBACK)
    reach.check_address(Request(url="https://next.example", given_by="https://near.example"), LOOPBACK)
    reach.check_address(given("https://far.example"), PUBLIC)
    with pytest.raises(NetworkError):
        reach.check_address(Request(url="https://back.example", given_by="https://far.example"), LOOPBACK)


def test_a_registrys_own_host_needs_no_leave():
    reached(LOOPBACK).check_address(given("https://registry.example:8443/token"), LOOPBACK)


def test_before_a_registry_was_reached_it_counts_as_public():
    with pytest.raises(NetworkError):
        Reach(()).check_address(given("https://cdn.example"), LOOPBACK)


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "[fd00:ec2::254]", "localhost"])
def test_a_proxy_is_sent_to_no_private_address_that_a_server_wrote_out(host):
    reach = Reach([Pin.parse("pinned.example:443:10.0.0.1")])
    with pytest.raises(NetworkError, match="refused"):
        reach.check_proxied(given(f"https://{host}/x"))
    reach.check_proxied(Request(url=f"https://{host}/x"))
    reach.check_proxied(given("https://cdn.corp/x"))
