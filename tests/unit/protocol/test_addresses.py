"""Where addresses lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.protocol.addresses import Place, place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("8.8.8.8", Place.PUBLIC),
        ("2001:4860:4860::8888", Place.PUBLIC),
        ("10.0.0.1", Place.PRIVATE),
        ("172.16.0.1", Place.PRIVATE),
        ("100.64.0.1", Place.PRIVATE),
        ("fd12::1", Place.PRIVATE),
        ("127.0.0.1", Place.LOOPBACK),
        ("127.255.0.9", Place.LOOPBACK),
        ("::1", Place.LOOPBACK),
        ("0.0.0.0", Place.LOOPBACK),
        ("::", Place.LOOPBACK),
        ("::ffff:127.0.0.1", Place.LOOPBACK),
        ("64:ff9b::7f00:1", Place.LOOPBACK),
        ("2002:7f00:1::", Place.LOOPBACK),
        ("169.254.169.254", Place.LINK_LOCAL),
        ("fe80::1%eth0", Place.LINK_LOCAL),
        ("::ffff:169.254.169.254", Place.LINK_LOCAL),
        ("64:ff9b::a9fe:a9fe", Place.LINK_LOCAL),
        ("fd00:ec2::254", Place.LINK_LOCAL),
        ("100.100.100.200", Place.LINK_LOCAL),
        ("168.63.129.16", Place.LINK_LOCAL),
        ("224.0.0.1", Place.LINK_LOCAL),
    ],
)
def test_where_addresses_lie(address, place):
    assert place_of(address) is place


@given(st.one_of(st.text(max_size=30), st.ip_addresses().map(str)))
def test_any_text_lies_somewhere(text):
    assert place_of(text) in Place
