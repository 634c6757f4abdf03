"""What an archive is called, and where it goes."""

from pathlib import Path

import pytest

from dget.archive import check_output, default_file_name, target_of
from dget.errors import UsageError
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


def test_a_name_that_is_too_long_for_a_file_system_is_cut_and_stays_distinct():
    names = {default_file_name(Reference.parse(f"{'n' * 120}:{'t' * 127}{end}"), AMD64) for end in "ab"}
    assert len(names) == 2
    assert all(len(f"{name}.part.ledger.new") <= 255 for name in names)


def test_a_folder_gets_the_default_name(tmp_path):
    reference = Reference.parse("alpine:3")
    assert target_of(None, reference, AMD64) == Path("alpine_3_linux-amd64.tar.gz")
    assert target_of(str(tmp_path), reference, AMD64) == tmp_path / "alpine_3_linux-amd64.tar.gz"
    assert target_of("new/", reference, AMD64) == Path("new/alpine_3_linux-amd64.tar.gz")
    assert target_of("x.tar", reference, AMD64) == Path("x.tar")
    assert target_of("x", reference, AMD64) == Path("x")


@pytest.mark.parametrize("output", ["x.zip", "x.tar.xz", "x.tar.zst", "-"])
def test_what_cannot_be_written_is_refused(output):
    with pytest.raises(UsageError):
        check_output(output)
