"""What an archive is called, and where it goes."""

import re
from pathlib import Path

import pytest

from dget.archive import Form, default_file_name, target_of
from dget.model import Platform, Reference

AMD64 = Platform.parse("linux/amd64")


@pytest.mark.parametrize(
    ("image", "platform", "name"),
    [
        ("alpine:3.20", "amd64", "alpine_3.20_linux-amd64.tar.gz"),
        ("alpine", "arm/v7", "alpine_latest_linux-arm-v7.tar.gz"),
        ("quay.io/a/b:1", "arm64", "b_1_linux-arm64.tar.gz"),
        ("x@sha256:" + "ab" * 32, "amd64", "x_sha256-abababababab_linux-amd64.tar.gz"),
        ("con", "amd64", "con_latest_linux-amd64.tar.gz"),
    ],
)
def test_the_name_says_image_tag_and_platform(image, platform, name):
    assert default_file_name(Reference.parse(image), Platform.parse(platform)) == name


def test_what_windows_forbids_is_replaced():
    odd = Platform(os='l:i*n"u', architecture="x|<>?\\y")
    name = default_file_name(Reference.parse("a:b"), odd)
    assert not set('<>:"/\\|?*') & set(name)


@pytest.mark.parametrize(
    "odd", ["\x1b[2J", "\x9b", "\u202etxt", "$(reboot)", "ü" * 300, "../..", "a b", "\ud800", "\n"]
)
def test_what_a_platform_says_makes_a_name_of_letters_digits_and_few_marks(odd):
    name = default_file_name(Reference.parse("a:b"), Platform(os=odd, architecture=odd, variant=odd))
    assert re.fullmatch(r"a_b_[A-Za-z0-9._+\[\]-]+\.tar\.gz", name)
    assert len(name) < 255 - len(".part.ledger.new")
    assert not default_file_name(Reference.parse("a:b"), Platform(os="x", architecture=f"{odd}. ."), "").endswith(
        (".", " ")
    )


def test_a_name_that_is_too_long_for_a_file_system_is_cut_and_stays_distinct():
    names = {default_file_name(Reference.parse(f"{'n' * 120}:{'t' * 127}{end}"), AMD64) for end in "ab"}
    assert len(names) == 2
    assert all(len(f"{name}.part.ledger.new") <= 255 for name in names)


def test_what_has_no_platform_is_named_without_one():
    assert default_file_name(Reference.parse("chart:1"), None, ".tar") == "chart_1.tar"


def test_a_folder_gets_the_default_name(tmp_path):
    reference = Reference.parse("alpine:3")

    def target(output: str | None) -> Path:
        return target_of(output, Form.of(None, None, output), reference, AMD64)

    assert target(None) == Path("alpine_3_linux-amd64.tar.gz")
    assert target(str(tmp_path)) == tmp_path / "alpine_3_linux-amd64.tar.gz"
    assert target("new/") == Path("new/alpine_3_linux-amd64.tar.gz")
    assert target("x.tar") == Path("x.tar")
    assert target("x") == Path("x")


@pytest.mark.parametrize(
    ("kind", "compress", "name"),
    [
        ("docker-archive", "none", "alpine_3_linux-amd64.tar"),
        ("docker-archive", "zstd", "alpine_3_linux-amd64.tar.zst"),
        ("docker-legacy", None, "alpine_3_linux-amd64.tar"),
        ("docker-legacy", "gzip:9", "alpine_3_linux-amd64.tar.gz"),
        ("oci-archive", None, "alpine_3_linux-amd64.tar"),
        ("oci-dir", None, "alpine_3_linux-amd64"),
    ],
)
def test_the_default_name_says_the_compression(kind, compress, name):
    assert target_of(None, Form.of(kind, compress, None), Reference.parse("alpine:3"), AMD64) == Path(name)


def test_an_oci_dir_is_the_folder_that_is_named(tmp_path):
    form = Form.of("oci-dir", None, str(tmp_path))
    assert target_of(f"{tmp_path}/", form, Reference.parse("alpine:3"), AMD64) == tmp_path
