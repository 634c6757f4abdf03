"""Which platforms a person's words choose of those that an image has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.errors import UsageError
from dget.model import Platform, PlatformWish, suiting

AVAILABLE = [
    Platform.parse(text) for text in ("linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/386")
] + [Platform.parse("windows(10.0.17763.1)/amd64"), Platform.parse("windows(10.0.20348.2)/amd64")]


def chosen(text: str) -> list[str]:
    return [str(AVAILABLE[place]) for term in PlatformWish.parse(text).terms for place in suiting(AVAILABLE, term)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amd64", ["linux/amd64"]),
        ("amd64, linux/aarch64", ["linux/amd64", "linux/arm64"]),
        ("linux/arm/*", ["linux/arm/v6", "linux/arm/v7"]),
        ("linux/arm*", ["linux/arm/v6", "linux/arm/v7", "linux/arm64"]),
        ("linux/arm64/*", ["linux/arm64"]),
        ("*/amd64", ["linux/amd64", "windows(10.0.17763.1)/amd64", "windows(10.0.20348.2)/amd64"]),
        ("windows/*", ["windows(10.0.17763.1)/amd64", "windows(10.0.20348.2)/amd64"]),
        ("windows(10.0.2*)/amd64", ["windows(10.0.20348.2)/amd64"]),
        ("all", [str(platform) for platform in AVAILABLE]),
        ("ALL", [str(platform) for platform in AVAILABLE]),
        ("s390x", []),
        ("freebsd/*", []),
    ],
)
def test_words_choose_platforms(text, expected):
    assert chosen(text) == expected


def test_a_platform_takes_the_best_build_and_a_pattern_takes_what_is_written():
    assert chosen("linux/arm/v8") == ["linux/arm/v7"]
    assert chosen("linux/arm/v8*") == []


@pytest.mark.parametrize("text", ["", ",", "amd64,", "linux/*/v8/x", "linux/[a-z]*", "* amd64"])
def test_what_is_no_platform_is_a_mistake(text):
    with pytest.raises(UsageError):
        PlatformWish.parse(text)


@pytest.mark.parametrize(
    ("text", "several"), [("arm64", False), ("amd64,arm64", True), ("linux/*", True), ("all", True)]
)
def test_a_wish_tells_whether_it_may_be_several(text, several):
    assert PlatformWish.parse(text).may_be_several == several


@given(st.text(alphabet="abxv64/*?,.( )[", max_size=20))
def test_any_text_is_a_wish_or_a_mistake(text):
    try:
        wish = PlatformWish.parse(text)
    except UsageError:
        return
    assert PlatformWish.parse(str(wish)) == wish
    for term in wish.terms:
        assert suiting(AVAILABLE, term) == sorted(set(suiting(AVAILABLE, term)))
