"""Mirrors that dget itself was told of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.mirrors import NamedMirrors
from dget.errors import UsageError
from dget.model import Reference


def urls(mirrors: NamedMirrors, image: str) -> list[str]:
    return [host.url for host in mirrors.hosts(Reference.parse(image))]


@pytest.mark.parametrize(
    ("word", "image", "url"),
    [
        ("https://m.example", "alpine", "https://m.example/v2"),
        ("https://m.example/", "alpine", "https://m.example/v2"),
        ("https://m.example/v2/", "alpine", "https://m.example/v2"),
        ("https://m.example:8443/hub", "alpine", "https://m.example:8443/hub/v2"),
        ("http://10.0.0.1:5000", "alpine", "http://10.0.0.1:5000/v2"),
        ("https://[::1]:5000", "alpine", "https://[::1]:5000/v2"),
        ("https://m.example/a=b", "alpine", "https://m.example/a=b/v2"),
        ("docker.io=https://m.example", "alpine", "https://m.example/v2"),
        ("index.docker.io=https://m.example", "alpine", "https://m.example/v2"),
        ("quay.io=https://m.example", "quay.io/a/b", "https://m.example/v2"),
        ("localhost:5000=http://m.example", "localhost:5000/a", "http://m.example/v2"),
    ],
)
def test_a_mirror_is_of_the_registry_that_stands_before_it(word, image, url):
    assert urls(NamedMirrors.of_words([word]), image) == [url]


def test_a_mirror_of_one_registry_is_none_of_another():
    mirrors = NamedMirrors.of_words(["https://hub.example", "quay.io=https://quay.example"])
    assert urls(mirrors, "quay.io/a/b") == ["https://quay.example/v2"]
    assert urls(mirrors, "ghcr.io/a/b") == []


def test_mirrors_keep_their_order_and_say_where_they_come_from():
    mirrors = NamedMirrors.of_mapping({"docker.io": ["https://b.example", "https://a.example"]}, source="config.toml")
    assert urls(mirrors, "alpine:3") == ["https://b.example/v2", "https://a.example/v2"]
    assert {host.source for host in mirrors.hosts(Reference.parse("alpine"))} == {"config.toml"}


@pytest.mark.parametrize(
    "word",
    [
        "",
        "m.example",
        "quay.io=m.example",
        "=https://m.example",
        "a b=https://m.example",
        "quay.io/a=https://m.example",
        "ftp://m.example",
        "https://",
        "https://m.example:port",
        "https://m.example?x=1",
        "https://m.example#x",
        "https://m .example",
        "https://[::1",
    ],
)
def test_what_is_no_mirror_is_refused(word):
    with pytest.raises(UsageError, match="--mirror"):
        NamedMirrors.of_words([word])


def test_a_password_in_an_address_is_refused_and_not_shown():
    with pytest.raises(UsageError, match=r"m\.example") as caught:
        NamedMirrors.of_words(["https://me:geheim@m.example"])
    assert "geheim" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_word_is_mirrors_or_a_usage_error(word):
    try:
        mirrors = NamedMirrors.of_words([word])
    except UsageError:
        return
    assert all(root.startswith(("http://", "https://")) for roots in mirrors.roots.values() for root in roots)
