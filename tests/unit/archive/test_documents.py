"""What an archive says of its images: several names, several platforms, artifacts, kept indexes."""

import json
from typing import Any

import pytest

from dget.archive.documents import documents, index_json, manifest_json
from dget.archive.entries import entries, oci_entries
from dget.archive.form import Format
from dget.errors import Unsupported
from dget.model import Contents, Digest
from tests.parts.exports import index_of, named, small_image
from tests.parts.images import DOCKER, OCI, artifact, index

ONE, TWO, ARM = (
    small_image(OCI, "base", "one"),
    small_image(OCI, "base", "two"),
    small_image(OCI, "a", platform="arm64"),
)
NAME, OTHER = "docker.io/library/one:1", "quay.io/two:1"


def listed(contents: Contents) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(index_json(contents))["manifests"]
    return found


def ref_names(contents: Contents) -> list[str]:
    return [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in listed(contents)]


def test_one_image_is_found_by_its_tag_and_several_by_their_full_names():
    assert ref_names(Contents(images=(named(ONE, NAME),))) == ["1"]
    assert ref_names(Contents(images=(named(ONE, NAME), named(TWO, OTHER)))) == [NAME, OTHER]
    assert ref_names(Contents(images=(named(ONE, NAME, OTHER),))) == [NAME, OTHER]


def test_a_name_with_a_digest_stands_in_the_index_alone():
    pinned = f"docker.io/library/one@{ONE.root.digest}"
    contents = Contents(images=(named(ONE, NAME, pinned),))
    assert ref_names(contents) == ["1", pinned]
    (image,) = json.loads(manifest_json(contents))
    assert image["RepoTags"] == [NAME]


def test_no_entry_says_its_platform():
    contents = Contents(images=(named(ONE, NAME), named(ARM, NAME, platform="arm64"), named(TWO, OTHER)))
    assert all("platform" not in entry for entry in listed(contents))


def test_several_platforms_of_one_name_are_one_entry_an_index_of_them():
    contents = Contents(images=(named(ONE, NAME), named(ARM, NAME, platform="arm64")))
    (entry,) = listed(contents)
    nested = json.loads(documents(contents)[Digest.parse(entry["digest"])])
    assert [one["platform"]["architecture"] for one in nested["manifests"]] == ["amd64", "arm64"]
    assert [one["digest"] for one in nested["manifests"]] == [ONE.root.digest, ARM.root.digest]


def test_a_kept_index_keeps_its_digest_and_its_bytes():
    original = index(DOCKER, {"amd64": ONE, "arm64": ARM}, attested=True)
    whole = (index_of(original),)
    for images in (
        [named(ONE, NAME, indexes=whole)],
        [named(ONE, NAME, indexes=whole), named(ARM, NAME, indexes=whole)],
    ):
        contents = Contents(images=tuple(images))
        (entry,) = listed(contents)
        assert entry["digest"] == original.root.digest
        assert entry["mediaType"] == original.root.media_type
        assert documents(contents)[Digest.parse(original.root.digest)] == original.root.raw


def test_an_index_within_a_kept_index_is_kept_too():
    inner = index(OCI, {"amd64": ONE})
    outer = index(OCI, {"amd64": inner})
    contents = Contents(images=(named(ONE, NAME, indexes=(index_of(outer), index_of(inner))),))
    assert set(documents(contents)) == {Digest.parse(one.root.digest) for one in (ONE, inner, outer)}
    assert listed(contents)[0]["digest"] == outer.root.digest


def test_a_blob_that_images_share_stands_once():
    contents = Contents(images=(named(ONE, NAME), named(TWO, OTHER)))
    names = [entry.name for entry in oci_entries(contents)]
    assert len(names) == len(set(names))
    assert len(contents.blobs) == 2 + 3


def test_an_oci_archive_holds_artifacts_and_what_has_no_name():
    contents = Contents(images=(named(artifact(), "r.io/chart:1", platform=""), named(ONE)))
    names = {entry.name for entry in entries(Format.OCI_ARCHIVE, contents)}
    assert {f"blobs/sha256/{digest[7:]}" for digest in artifact().blobs} < names
    assert "annotations" not in listed(contents)[1]


@pytest.mark.parametrize("form", [Format.DOCKER_ARCHIVE, Format.DOCKER_LEGACY])
def test_dockers_formats_refuse_artifacts_and_two_platforms_of_one_name(form):
    with pytest.raises(Unsupported, match="Helm chart"):
        entries(form, Contents(images=(named(artifact(), "r.io/chart:1", platform=""),)))
    with pytest.raises(Unsupported, match=r"linux/amd64, linux/arm64") as caught:
        entries(form, Contents(images=(named(ONE, NAME), named(ARM, NAME, platform="arm64"))))
    assert "oci-archive" in (caught.value.hint or "")


@pytest.mark.parametrize("form", [Format.DOCKER_ARCHIVE, Format.OCI_ARCHIVE])
def test_what_names_the_images_comes_last(form):
    names = [entry.name for entry in entries(form, Contents(images=(named(ONE, NAME),)))]
    last = [name for name in names if not name.startswith("blobs/")][1:]
    assert names[-len(last) :] == last == ["index.json", "manifest.json"][: len(last)]
