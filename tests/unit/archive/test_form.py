"""What --format, --compress and a file's name mean together."""

import pytest

from dget.archive import Form, Format, Method, OuterCompression
from dget.errors import UsageError


@pytest.mark.parametrize(
    ("kind", "compress", "output", "expected"),
    [
        (None, None, None, "docker-archive gzip"),
        (None, None, "x.tar", "docker-archive none"),
        (None, None, "X.TGZ", "docker-archive gzip"),
        (None, None, "x.tar.zst", "docker-archive zstd"),
        (None, None, "x.tzst", "docker-archive zstd"),
        (None, None, "x.gz", "docker-archive gzip"),
        (None, None, "x.y", "docker-archive gzip"),
        (None, None, "folder/", "docker-archive gzip"),
        (None, None, "-", "docker-archive none"),
        (None, "gzip:9", "-", "docker-archive gzip:9"),
        (None, "zstd", "x.tar", "docker-archive zstd"),
        (None, "ZSTD:19", None, "docker-archive zstd:19"),
        ("docker-legacy", None, None, "docker-legacy none"),
        ("docker-legacy", None, "x.tar.gz", "docker-legacy gzip"),
        ("oci-archive", None, None, "oci-archive none"),
        ("oci-archive", None, "x", "oci-archive none"),
        ("oci-dir", None, "folder", "oci-dir none"),
        ("oci-dir", "none", None, "oci-dir none"),
    ],
)
def test_the_compression_is_as_asked_else_as_named_else_the_formats_own(kind, compress, output, expected):
    form = Form.of(kind, compress, output)
    assert f"{form.format} {form.compression}" == expected


@pytest.mark.parametrize(
    ("kind", "compress", "output"),
    [
        ("rar", None, None),
        (None, "xz", None),
        (None, "gzip:10", None),
        (None, "gzip:0", None),
        (None, "zstd:23", None),
        (None, "none:1", None),
        (None, None, "x.tar.xz"),
        (None, None, "x.tar.bz2"),
        (None, None, "x.zip"),
        ("oci-dir", "gzip", None),
        ("oci-dir", None, "x.tar"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_can_be(kind, compress, output):
    with pytest.raises(UsageError) as caught:
        Form.of(kind, compress, output)
    assert caught.value.hint


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("method", list(Method))
def test_a_default_name_says_the_same_as_the_form_that_it_was_made_for(form, method):
    made = Form(format=form, compression=OuterCompression(method=method))
    if form is not Format.OCI_DIR:
        assert Form.of(str(form), None, f"x{made.suffix}") == made


def test_a_name_that_says_another_compression_is_noticed():
    assert Form.of(None, "gzip", "x.tar").misnamed("x.tar")
    assert not Form.of(None, "gzip:9", "x.tar.gz").misnamed("x.tar.gz")
    assert not Form.of(None, "zstd", "x").misnamed("x")
