"""Where a manifest may lead us for a layer that its registry does not hand out."""

import pytest

from dget.errors import NetworkError
from dget.protocol.foreign_places import foreign_place

PUBLIC, LOCAL, PRIVATE = "https://registry.example/v2/app", "http://127.0.0.1:5000/v2/app", "https://10.0.0.5/v2/app"


@pytest.mark.parametrize(
    ("url", "registry"),
    [
        ("https://go.microsoft.example/fwlink/?linkid=1", PUBLIC),
        ("https://registry.example/layer", PUBLIC),
        ("http://127.0.0.1:8080/layer", LOCAL),
        ("https://10.0.0.6/layer", PRIVATE),
        ("https://cdn.example/layer", LOCAL),
    ],
)
def test_a_web_address_is_asked(url, registry):
    assert foreign_place(url, registry) == url


@pytest.mark.parametrize(
    ("url", "registry", "why"),
    [
        ("http://cdn.example/layer", PUBLIC, "without TLS"),
        ("http://10.0.0.5/layer", PRIVATE, "without TLS"),
        ("https://127.0.0.1/layer", PUBLIC, "private address"),
        ("https://localhost/layer", PUBLIC, "private address"),
        ("https://[::1]/layer", PUBLIC, "private address"),
        ("https://10.0.0.6/layer", PUBLIC, "private address"),
        ("https://169.254.169.254/latest/meta-data", PUBLIC, "private address"),
        ("https://169.254.169.254/latest/meta-data", LOCAL, "private address"),
        ("https://169.254.169.254/latest/meta-data", PRIVATE, "private address"),
        ("ftp://cdn.example/layer", PUBLIC, "not http"),
        ("file:///etc/shadow", LOCAL, "not http"),
        ("/v2/other/blobs/x", PUBLIC, "not http"),
    ],
)
def test_what_leads_inwards_or_is_not_safe_is_refused(url, registry, why):
    with pytest.raises(NetworkError, match=why):
        foreign_place(url, registry)


def test_what_is_said_holds_no_secret_of_the_address():
    with pytest.raises(NetworkError) as caught:
        foreign_place("http://name:word@cdn.example/layer?key=word", PUBLIC)
    assert "word" not in caught.value.message
