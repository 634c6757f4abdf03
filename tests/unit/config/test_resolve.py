"""Addresses that the person gives for hosts."""

import pytest

from dget.config.resolve import Pin
from dget.errors import UsageError


@pytest.mark.parametrize(
    ("text", "host", "port", "addresses"),
    [
        ("Registry.corp:443:10.1.2.3", "registry.corp", 443, ("10.1.2.3",)),
        ("+r:443:10.1.2.3,10.1.2.4", "r", 443, ("10.1.2.3", "10.1.2.4")),
        ("r:5000:[::1]", "r", 5000, ("[::1]",)),
        ("r:5000:::1", "r", 5000, ("::1",)),
        ("[fd00::1]:443:10.0.0.1", "fd00::1", 443, ("10.0.0.1",)),
        ("*:443:10.0.0.1", "*", 443, ("10.0.0.1",)),
    ],
)
def test_what_curl_takes_is_taken(text, host, port, addresses):
    pin = Pin.parse(text)
    assert (pin.host, pin.port, pin.addresses) == (host, port, addresses)
    assert pin.names("fd00::1" if host == "*" else host.upper(), port)
    assert not pin.names(host, port + 1)


@pytest.mark.parametrize("text", ["", "r", "r:443", "r:443:", "r:443:name", "r:99999:10.0.0.1", "r:x:10.0.0.1"])
def test_anything_else_is_refused(text):
    with pytest.raises(UsageError, match="--resolve"):
        Pin.parse(text)
