"""Which build suits a machine."""

import pytest

from dget.errors import UsageError
from dget.model import Platform, choose_platform


def built(*texts: str) -> list[Platform]:
    """Platforms as an index has them: not normalised."""
    found = []
    for text in texts:
        system, architecture, variant = (*text.split("/"), "")[:3]
        found.append(Platform(os=system, architecture=architecture, variant=variant))
    return found


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("arm", "linux/arm/v7"),
        ("arm/v6", "linux/arm/v6"),
        ("armhf", "linux/arm/v7"),
        ("armel", "linux/arm/v6"),
        ("x86_64", "linux/amd64"),
        ("amd64/v1", "linux/amd64"),
        ("amd64/v3", "linux/amd64/v3"),
        ("i386", "linux/386"),
        ("i686", "linux/386"),
        ("ppc64el", "linux/ppc64le"),
        ("loongarch64", "linux/loong64"),
        ("LINUX/ARM64", "linux/arm64"),
        ("windows/amd64", "windows/amd64"),
        ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
        ("arm64/v9.0", "linux/arm64/v9"),
    ],
)
def test_names_are_normalised(text, normal):
    assert str(Platform.parse(text)) == normal


@pytest.mark.parametrize("text", ["", "linux", "linux/", "a/b/c/d", "linux/arm64/v8/x", "linux/arm 64"])
def test_what_is_no_platform_is_refused(text):
    with pytest.raises(UsageError):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        ("amd64", ["linux/arm64", "linux/amd64"], "linux/amd64"),
        ("amd64", ["linux/amd64/v2", "linux/386"], "linux/386"),
        ("amd64", ["linux/amd64/v3"], None),
        ("amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], "linux/amd64/v2"),
        ("arm64", ["linux/arm/v7", "linux/arm64/v8"], "linux/arm64"),
        ("arm64", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("arm64", ["linux/arm64/v8.1"], None),
        ("arm64/v9.2", ["linux/arm64/v8.9", "linux/arm64/v8.7", "linux/arm64/v8.8"], "linux/arm64/v8.7"),
        ("arm64/v8.2", ["linux/arm64/v8.3", "linux/arm64"], "linux/arm64"),
        ("arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"),
        ("arm/v6", ["linux/arm/v7", "linux/arm/v5"], "linux/arm/v5"),
        ("arm", ["linux/arm"], "linux/arm/v7"),
        ("386", ["linux/amd64"], None),
        ("riscv64", ["linux/riscv64"], "linux/riscv64"),
        ("arm64", ["windows/arm64"], None),
        ("mips/r6", ["linux/mips", "linux/mips/r6"], "linux/mips/r6"),
        ("amd64", [], None),
    ],
)
def test_the_best_build_is_chosen(wanted, available, chosen):
    builds = built(*available)
    place = choose_platform(builds, Platform.parse(wanted))
    assert (str(builds[place].normalised()) if place is not None else None) == chosen


def test_windows_builds_are_compared_without_their_revision():
    builds = [
        Platform(os="windows", architecture="amd64", os_version="10.0.14393.1"),
        Platform(os="windows", architecture="amd64", os_version="10.0.17763.9"),
    ]
    assert choose_platform(builds, Platform.parse("windows(10.0.17763.1)/amd64")) == 1
