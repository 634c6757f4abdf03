"""What a registry answered, read."""

import json

import pytest

from dget.errors import Unsupported
from dget.model import Digest, Index, Manifest, read_manifest
from dget.model import media_type as kinds

DIGEST = "sha256:" + "0" * 64
ENTRY = {"mediaType": "x", "digest": DIGEST, "size": 1}


def raw(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_the_fields_present_decide_whatever_the_content_type_says():
    assert read_manifest(raw(manifests=[]), declared=kinds.OCI_MANIFEST).kind is Index
    assert read_manifest(raw(config=ENTRY, layers=[]), declared=kinds.OCI_INDEX).kind is Manifest


def test_a_missing_media_type_is_taken_from_the_answer_or_from_the_kind():
    assert read_manifest(raw(manifests=[]), declared=kinds.DOCKER_INDEX).descriptor.media_type == kinds.DOCKER_INDEX
    assert read_manifest(raw(manifests=[])).descriptor.media_type == kinds.OCI_INDEX


def test_the_digest_is_that_of_the_bytes():
    body = raw(manifests=[])
    assert read_manifest(body).descriptor.digest == Digest.of(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        raw(manifests=[], layers=[], config=ENTRY),
        raw(schemaVersion=1, fsLayers=[]),
    ],
)
def test_other_documents_are_refused(body):
    with pytest.raises(Unsupported):
        read_manifest(body)


@pytest.mark.parametrize(
    "entry",
    [
        {**ENTRY, "digest": "sha256:../../etc"},
        {**ENTRY, "digest": 5},
        {**ENTRY, "size": -1},
        {**ENTRY, "size": "1"},
        {**ENTRY, "size": 2**64},
        {"digest": DIGEST},
    ],
)
def test_a_descriptor_that_is_none_is_refused(entry):
    with pytest.raises(Unsupported):
        _ = read_manifest(raw(manifests=[entry])).value


def test_attestations_are_no_images():
    platform = {"os": "unknown", "architecture": "unknown"}
    marked = {**ENTRY, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    image = {**ENTRY, "platform": {"os": "linux", "architecture": "amd64"}}
    index = read_manifest(raw(manifests=[{**ENTRY, "platform": platform}, marked, image])).value
    assert isinstance(index, Index)
    assert [str(entry.platform) for entry in index.images] == ["linux/amd64"]
