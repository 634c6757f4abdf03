"""What a word means: a name at a registry, or a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.errors import UsageError
from dget.model import Digest, FileLocator, Reference, parse_locator

DIGEST = f"sha256:{'a' * 64}"


def read(text: str, *there: str) -> Reference | FileLocator:
    return parse_locator(text, holds_image=lambda word: word in there)


@pytest.mark.parametrize(
    ("text", "path", "transport", "more"),
    [
        ("docker-archive:x.tar", "x.tar", "docker-archive", {}),
        ("docker-archive:x.tar:app:1", "x.tar", "docker-archive", {"name": "app:1"}),
        ("docker-archive:x.tar:localhost:5000/app:1", "x.tar", "docker-archive", {"name": "localhost:5000/app:1"}),
        ("docker-archive:/a/b:@2", "/a/b", "docker-archive", {"place": 2}),
        ("oci-archive:x", "x", "oci-archive", {}),
        ("oci-archive:x.tar:latest", "x.tar", "oci-archive", {"name": "latest"}),
        (f"oci:folder@{DIGEST}", "folder", "oci", {"digest": Digest.parse(DIGEST)}),
        (f"oci:folder:v1@{DIGEST}", "folder", "oci", {"name": "v1", "digest": Digest.parse(DIGEST)}),
        ("x.tar", "x.tar", None, {}),
        ("x.TGZ:app:1", "x.TGZ", None, {"name": "app:1"}),
        ("x.tar.zst", "x.tar.zst", None, {}),
        ("./alpine", "./alpine", None, {}),
        ("../alpine:1", "../alpine", None, {"name": "1"}),
        ("/tmp/alpine", "/tmp/alpine", None, {}),
        (r"C:\images\x:app:1", r"C:\images\x", None, {"name": "app:1"}),
        ("oci:C:/images:v1", "C:/images", "oci", {"name": "v1"}),
        (f"x.tar@{DIGEST}", "x.tar", None, {"digest": Digest.parse(DIGEST)}),
    ],
)
def test_a_transports_prefix_or_what_is_written_as_a_path_means_a_file(text, path, transport, more):
    assert read(text) == FileLocator(path=path, transport=transport, **more)


@pytest.mark.parametrize(
    "text", ["alpine", "alpine:3.20", "a/b", "localhost:5000/x.tar", "docker:27-dind", "oci/tool:1", f"alpine@{DIGEST}"]
)
def test_everything_else_is_a_reference(text):
    assert read(text) == Reference.parse(text)


def test_a_bare_word_is_a_file_where_one_holds_an_image_unless_it_is_said_to_be_a_name():
    assert read("backup", "backup") == FileLocator(path="backup")
    assert read("docker://backup", "backup", "docker://backup") == Reference.parse("backup")


def test_a_colon_may_stand_in_the_name_of_a_file_that_is_there():
    assert read("./a:b.tar", "./a:b.tar") == FileLocator(path="./a:b.tar")
    assert read("oci-archive:a:b.tar", "a:b.tar") == FileLocator(path="a:b.tar", transport="oci-archive")


@pytest.mark.parametrize("text", ["docker-archive:", "oci::x", f"x.tar@{DIGEST[:-1]}", "x.tar:@first", "x.tar:@-1"])
def test_what_names_no_image_in_a_file_is_refused(text):
    with pytest.raises(UsageError):
        read(text)


@pytest.mark.parametrize("text", ["docker-daemon:alpine:3", "containers-storage:alpine", "dir:x"])
def test_an_engines_own_store_is_no_source(text):
    with pytest.raises(UsageError, match="no engine's own store"):
        read(text)


@given(st.text())
def test_any_word_is_read_or_refused(text):
    try:
        read(text)
    except UsageError:
        return


@given(
    st.sampled_from([None, "docker-archive", "oci-archive", "oci"]),
    st.sampled_from(["x.tar", "/a/b.tar.gz", "./folder"]),
    st.sampled_from([{}, {"name": "app:1"}, {"place": 3}, {"digest": Digest.parse(DIGEST)}]),
)
def test_a_locator_as_text_means_the_same_again(transport, path, more):
    locator = FileLocator(path=path, transport=transport, **more)
    assert read(str(locator)) == locator
