"""Which proxy a URL is asked through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.proxy import Proxy, proxy_rules
from dget.errors import UsageError

A, B = "http://a:1", "http://b:2"
HUB = ("https", "registry-1.docker.io", 443)
PLAIN = ("http", "registry.corp", 5000)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("proxy", "http://proxy:80"),
        ("http://proxy", "http://proxy:80"),
        ("HTTPS://Proxy/", "https://proxy:443"),
        ("socks5://127.0.0.1", "socks5://127.0.0.1:1080"),
        ("socks5h://p:9", "socks5h://p:9"),
        ("socks4a://p", "socks4a://p:1080"),
        ("socks4://p", "socks4://p:1080"),
        ("socks://p:1/", "socks5h://p:1"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        (" http://proxy:3128 ", "http://proxy:3128"),
    ],
)
def test_how_proxies_are_written(text, url):
    assert Proxy.parse(text).url == url


@pytest.mark.parametrize(
    ("text", "username", "password"),
    [
        ("http://me:geheim@p", "me", "geheim"),
        ("me:geheim@p:1", "me", "geheim"),
        ("http://me@p", "me", ""),
        ("http://D%5Cme:a%3Ab%40c%2Fd%25@p", "D\\me", "a:b@c/d%"),
        ("http://me:p@ss@p", "me", "p@ss"),
        ("socks5h://m%C3%A9:%E2%82%AC@p", "mé", "€"),
    ],
)
def test_name_and_password_are_decoded(text, username, password):
    proxy = Proxy.parse(text)
    assert (proxy.username, proxy.password) == (username, password)
    assert (password or "?") not in proxy.url + proxy.address + repr(proxy)


@pytest.mark.parametrize(
    "text",
    ["ftp://me:geheim@p", "http://", "http://me:geheim@", "http://p:geheim", "http://p:99999999", "http://p/geheim",
     "http://[geheim", "p?geheim", "geheim://p", "http://gehéim"],
)  # fmt: skip
def test_what_is_no_proxy_is_refused_without_being_shown(text):
    with pytest.raises(UsageError) as refused:
        Proxy.parse(text, named_by="HTTPS_PROXY")
    assert "HTTPS_PROXY" in refused.value.message
    assert "geheim" not in (refused.value.message + (refused.value.hint or "")).replace("geheim://", "")


@given(st.text(max_size=60))
def test_a_text_is_a_proxy_or_is_refused(text):
    try:
        proxy = Proxy.parse(text)
    except UsageError:
        return
    assert proxy.host
    assert 0 < proxy.port < 65536


@pytest.mark.parametrize(
    ("environment", "target", "expected"),
    [
        ({}, HUB, None),
        ({"HTTPS_PROXY": A}, HUB, A),
        ({"https_proxy": A}, HUB, A),
        ({"https_proxy": A, "HTTPS_PROXY": B}, HUB, A),
        ({"HTTPS_PROXY": A}, PLAIN, None),
        ({"HTTP_PROXY": A}, PLAIN, A),
        ({"http_proxy": A}, PLAIN, A),
        ({"HTTP_PROXY": A}, HUB, None),
        ({"ALL_PROXY": A}, HUB, A),
        ({"all_proxy": A}, PLAIN, A),
        ({"ALL_PROXY": A, "HTTPS_PROXY": B}, HUB, B),
        ({"HTTPS_PROXY": " ", "ALL_PROXY": A}, HUB, A),
        ({"HTTP_PROXY": A, "REQUEST_METHOD": "GET"}, PLAIN, None),
        ({"http_proxy": A, "REQUEST_METHOD": "GET"}, PLAIN, A),
        ({"HTTPS_PROXY": A, "NO_PROXY": "docker.io"}, HUB, None),
        ({"HTTPS_PROXY": A, "no_proxy": "docker.io"}, HUB, None),
        ({"HTTPS_PROXY": A, "NO_PROXY": "docker.io:5000"}, HUB, A),
        ({"ALL_PROXY": A}, ("https", "localhost", 5000), None),
        ({"ALL_PROXY": A}, ("http", "127.9.9.9", 5000), None),
        ({"ALL_PROXY": A}, ("http", "::1", 5000), None),
        ({"ALL_PROXY": A}, ("https", "x.localhost", 443), None),
    ],
)
def test_what_the_environment_says(environment, target, expected):
    found = proxy_rules(None, None, environment).proxy_for(*target)
    assert (found and found.url) == expected


@pytest.mark.parametrize(
    ("no_proxy", "target", "expected"),
    [
        (None, HUB, A),
        (None, PLAIN, A),
        (None, ("http", "127.0.0.1", 5000), A),
        ("registry.corp", PLAIN, None),
        ("registry.corp", HUB, A),
        ("*", HUB, None),
    ],
)
def test_a_proxy_that_the_person_names_is_for_all_but_what_the_person_exempts(no_proxy, target, expected):
    environment = {"NO_PROXY": "*", "HTTPS_PROXY": B, "HTTP_PROXY": B}
    found = proxy_rules(A, no_proxy, environment).proxy_for(*target)
    assert (found and found.url) == expected


def test_the_persons_exemptions_come_in_place_of_the_environments():
    environment = {"NO_PROXY": "docker.io", "ALL_PROXY": A}
    rules = proxy_rules(None, "registry.corp", environment)
    assert rules.proxy_for(*HUB) is not None
    assert rules.proxy_for(*PLAIN) is None


def test_an_environments_proxy_that_makes_no_sense_is_named_without_its_password():
    with pytest.raises(UsageError) as refused:
        proxy_rules(None, None, {"ALL_PROXY": "gopher://me:geheim@p"})
    assert "ALL_PROXY" in refused.value.message
    assert "geheim" not in str(refused.value)
