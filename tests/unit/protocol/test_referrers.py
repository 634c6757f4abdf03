"""How a registry is asked for what refers to a manifest, and how it answers."""

import pytest

from dget.errors import IntegrityError, NetworkError, NotFound, RateLimited, RegistryError, Unauthorized
from dget.model import Descriptor, Digest
from dget.protocol.http import Headers
from dget.protocol.referrers import (
    cosign_tags,
    has_no_api,
    is_filtered,
    of_types,
    referrers_place,
    referrers_tag,
)

DIGEST = Digest.of(b"image")


def test_one_type_is_asked_for_and_several_are_chosen_from_all():
    assert referrers_place(DIGEST) == f"/referrers/{DIGEST}"
    assert referrers_place(DIGEST, ["application/x+json"]) == f"/referrers/{DIGEST}?artifactType=application%2Fx%2Bjson"
    assert referrers_place(DIGEST, ["a/b", "c/d"]) == f"/referrers/{DIGEST}"


def test_the_tags_that_stand_in_are_made_of_the_digest():
    assert referrers_tag(DIGEST) == f"sha256-{DIGEST.hex}"
    long = Digest("sha512", "0" * 128)
    # OCI distribution specification, "Referrers Tag Schema": 32 and 64 characters at most.
    assert referrers_tag(long) == f"sha512-{'0' * 64}"
    assert cosign_tags(DIGEST) == [f"sha256-{DIGEST.hex}{end}" for end in (".sig", ".att", ".sbom")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("artifactType", True), ("other, artifactType", True), ("other", False), ("artifactTypes", False), (None, False)],
)
def test_a_registry_says_whether_it_filtered(value, expected):
    headers = Headers.of([("OCI-Filters-Applied", value)] if value else [])
    assert is_filtered(headers) == expected


def test_types_choose():
    found = [Descriptor(digest=DIGEST, size=1, artifact_type=one) for one in ("a/b", "c/d", None)]
    assert of_types(found, []) == found
    assert of_types(found, ["c/d"]) == [found[1]]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotFound("no"), True),
        (Unauthorized("no"), True),
        (RegistryError("no", status=405), True),
        (NetworkError("a web page"), True),
        (NetworkError("reset", temporary=True), False),
        (RegistryError("no", status=503), False),
        (RateLimited("later"), False),
        (IntegrityError("damaged"), False),
    ],
)
def test_only_a_final_refusal_means_that_there_is_no_api(error, expected):
    assert has_no_api(error) == expected
