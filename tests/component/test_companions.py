"""What is kept beside an image on request: attestations, referrers, cosign's signatures."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dget import Selection
from dget.errors import NotFound, RateLimited, Unsupported
from dget.flow import Warned
from dget.model.media_type import OCI_INDEX
from dget.protocol.http import Headers, Request
from dget.serve import Answer
from tests.component.conftest import Registry, with_status
from tests.component.test_kinds import listed, members, push
from tests.parts.images import OCI, Image, layer, single
from tests.parts.kinds import SBOM, SIGNATURE, artifact, attested, index_of, signature

ATTESTED = Selection(attestations=True)
REFERRED = Selection(referrers=True)
AMD, ARM = single(OCI, "amd64", [layer({"a": b"amd"})]), single(OCI, "arm64", [layer({"a": b"arm"})])


class ReferrersApi:
    """Has the registry answer `/referrers/`: a page at a time, filtered where it knows to filter."""

    def __init__(self, registry: Registry, *, page: int = 100, filters: bool = True) -> None:
        self.registry = registry
        self.known: dict[str, list[dict[str, Any]]] = {}
        self.page, self.filters = page, filters
        self.asked: list[str] = []
        registry.fault = self.answer

    def add(self, subject: str, image: Image, artifact_type: str) -> None:
        for blob in image.blobs.values():
            self.registry.content.add_blob(blob)
        self.registry.content.add_manifest("app", image.root.raw, image.root.media_type)
        self.known.setdefault(subject, []).append(entry_of(image, artifact_type))

    def answer(self, request: Request, given: Answer) -> Answer:
        parts = urlsplit(request.url)
        if "/referrers/" not in parts.path:
            return given
        self.asked.append(request.url)
        query = parse_qs(parts.query)
        found = self.known.get(parts.path.rpartition("/")[2], [])
        fields = []
        if self.filters and (wanted := query.get("artifactType")):
            found = [one for one in found if one["artifactType"] in wanted]
            fields.append(("OCI-Filters-Applied", "artifactType"))
        start = int(query.get("from", ["0"])[0])
        if len(found) > start + self.page:
            fields.append(("Link", f'<{parts.path}?from={start + self.page}>; rel="next"'))
        body = index_of(found[start : start + self.page]).raw
        fields += [("Content-Type", OCI_INDEX), ("Content-Length", str(len(body)))]
        return Answer(status=200, headers=Headers.of(fields), body=(body,))


def entry_of(image: Image, artifact_type: str) -> dict[str, Any]:
    return {
        "mediaType": image.root.media_type,
        "digest": image.root.digest,
        "size": len(image.root.raw),
        "artifactType": artifact_type,
    }


def digests(path: Path) -> set[str]:
    return {entry["digest"] for entry in listed(path)}


def warnings(events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warned)]


@pytest.fixture
def image(registry) -> str:
    return push(registry, "app", "1", attested({"amd64": AMD, "arm64": ARM}))


# Attestations.


def test_attestations_stay_out_unless_they_are_asked_for(registry, client, image, tmp_path):
    done = client.pull(image, platform="amd64", format="oci-archive", output=tmp_path / "x.tar")
    assert b"amd64" not in members(done.path).values()
    assert digests(done.path) == {AMD.root.digest}


def test_an_image_and_its_attestation_stand_in_one_index_as_builders_write_it(registry, client, image, tmp_path):
    done = client.pull(image, platform="amd64", format="oci-archive", select=ATTESTED, output=tmp_path / "x.tar")
    content = members(done.path)
    (entry,) = listed(done.path)
    assert entry["annotations"]["io.containerd.image.name"] == image
    nested = json.loads(content[f"blobs/sha256/{entry['digest'][7:]}"])["manifests"]
    assert [one["platform"]["architecture"] for one in nested] == ["amd64", "unknown"]
    assert nested[0]["digest"] == AMD.root.digest
    assert nested[1]["annotations"] == {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": AMD.root.digest,
    }
    attestation = json.loads(content[f"blobs/sha256/{nested[1]['digest'][7:]}"])
    assert content[f"blobs/sha256/{attestation['layers'][0]['digest'][7:]}"] == b"amd64"
    assert done.companions == 1


def test_a_kept_index_lists_the_attestations_itself(registry, client, image, tmp_path):
    done = client.pull(
        image, platform="all", format="oci-archive", select=ATTESTED, keep_index=True, output=tmp_path / "x.tar"
    )
    (entry,) = listed(done.path)
    held = {Path(name).name for name in members(done.path)}
    whole = json.loads(client.raw(image))
    assert {one["digest"][7:] for one in whole["manifests"]} | {entry["digest"][7:]} < held
    assert (entry["digest"], done.companions) == (done.digest, 2)


def test_an_image_without_attestations_is_told_of(registry, client, events, tmp_path):
    name = push(registry, "bare", "1", AMD)
    client.pull(name, platform="amd64", format="oci-archive", select=ATTESTED, output=tmp_path / "x.tar")
    assert any("no attestations" in text for text in warnings(events))


@pytest.mark.parametrize("select", [ATTESTED, REFERRED])
@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy"])
def test_what_engines_load_holds_nothing_beside_an_image(registry, client, image, tmp_path, form, select):
    with pytest.raises(Unsupported) as caught:
        client.pull(image, platform="amd64", format=form, select=select, output=tmp_path / "x.tar")
    assert "--format oci-archive" in (caught.value.hint or "")
    assert registry.asked == []


# Referrers.


def sbom(subject: Image, text: str = "sbom") -> Image:
    return artifact(SBOM, {f"{text}.json": text.encode()}, subject=subject.root)


@pytest.mark.parametrize("form", ["oci-archive", "oci-dir"])
def test_a_referrer_is_kept_beside_the_image_and_names_it_as_its_subject(registry, client, image, tmp_path, form):
    api = ReferrersApi(registry)
    one = sbom(AMD)
    api.add(AMD.root.digest, one, SBOM)
    done = client.pull(image, platform="amd64", format=form, select=REFERRED, output=tmp_path / "x")
    named, beside = listed(done.path)
    assert named["digest"] == AMD.root.digest
    assert beside == entry_of(one, SBOM)
    content = (
        members(done.path)
        if form == "oci-archive"
        else {f"blobs/sha256/{path.name}": path.read_bytes() for path in (done.path / "blobs/sha256").iterdir()}
    )
    kept = json.loads(content[f"blobs/sha256/{beside['digest'][7:]}"])
    assert kept["subject"]["digest"] == AMD.root.digest
    assert content[f"blobs/sha256/{kept['layers'][0]['digest'][7:]}"] == b"sbom"


def test_what_refers_to_the_index_is_kept_with_the_index(registry, client, image, tmp_path):
    api = ReferrersApi(registry)
    root = attested({"amd64": AMD, "arm64": ARM})
    one = artifact(SIGNATURE, {"signature": b"signed"}, subject=root.root)
    api.add(root.root.digest, one, SIGNATURE)
    done = client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")
    assert digests(done.path) == {root.root.digest, one.root.digest}
    assert AMD.root.raw in members(done.path).values()


def test_a_referrer_of_a_referrer_is_kept_too_and_each_once(registry, client, image, tmp_path):
    api = ReferrersApi(registry)
    one = sbom(AMD)
    signed = artifact(SIGNATURE, {"signature": b"signed"}, subject=one.root)
    for _ in range(2):
        api.add(AMD.root.digest, one, SBOM)
    api.add(one.root.digest, signed, SIGNATURE)
    done = client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")
    assert [entry["digest"] for entry in listed(done.path)] == [AMD.root.digest, one.root.digest, signed.root.digest]
    assert done.companions == 2


@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize("filters", [True, False])
def test_all_pages_are_read_and_types_are_chosen_whether_or_not_the_registry_filters(
    registry, client, image, tmp_path, page, filters
):
    api = ReferrersApi(registry, page=page, filters=filters)
    wanted = [sbom(AMD, text) for text in ("one", "two", "three")]
    for one in wanted:
        api.add(AMD.root.digest, one, SBOM)
        api.add(AMD.root.digest, artifact(SIGNATURE, {"x": one.root.raw}, subject=AMD.root), SIGNATURE)
    select = Selection(referrers=True, referrer_types=(SBOM,))
    done = client.pull(image, platform="amd64", format="oci-archive", select=select, output=tmp_path / "x.tar")
    assert digests(done.path) == {AMD.root.digest, *(one.root.digest for one in wanted)}
    assert "artifactType=application%2Fspdx%2Bjson" in api.asked[0]


@pytest.mark.parametrize("status", [400, 401, 404, 405, 406, 501])
def test_a_registry_without_the_api_is_asked_by_the_tag_that_stands_in(registry, client, image, tmp_path, status):
    one = sbom(AMD)
    push(
        registry, "app", f"sha256-{AMD.root.digest[7:]}", Image(index_of([entry_of(one, SBOM)]), (one.root,), one.blobs)
    )
    registry.fault = lambda request, given: with_status(given, status) if "/referrers/" in request.url else given
    done = client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")
    assert digests(done.path) == {AMD.root.digest, one.root.digest}


def test_a_list_that_breaks_off_is_an_error_and_not_taken_for_all(registry, client, image, tmp_path):
    api = ReferrersApi(registry, page=1)
    for text in ("one", "two"):
        api.add(AMD.root.digest, sbom(AMD, text), SBOM)
    registry.fault = lambda request, given: (
        with_status(given, 404) if "?from=1" in request.url else api.answer(request, given)
    )
    with pytest.raises(NotFound, match="referrers"):
        client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")


def test_a_referrer_that_is_listed_twice_is_kept_once(registry, client, image, tmp_path):
    one = sbom(AMD)
    stand_in = index_of([entry_of(one, SBOM), entry_of(one, SBOM)])
    push(registry, "app", f"sha256-{AMD.root.digest[7:]}", Image(stand_in, (one.root,), one.blobs))
    done = client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")
    assert (len(listed(done.path)), done.companions) == (2, 1)


def test_an_attestation_that_also_has_a_subject_stays_in_the_images_index(registry, client, tmp_path):
    words = artifact("", {"statement": b"{}"}, subject=AMD.root, layer_type="application/vnd.in-toto+json")
    marks = {
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": AMD.root.digest,
        },
    }
    amd = {**entry_of(AMD, ""), "platform": {"os": "linux", "architecture": "amd64"}}
    root = index_of([amd, {**entry_of(words, ""), **marks}])
    name = push(registry, "app", "1", Image(root, (AMD.root, words.root), {**AMD.blobs, **words.blobs}))
    api = ReferrersApi(registry)
    api.add(AMD.root.digest, words, "")
    both = Selection(attestations=True, referrers=True)
    done = client.pull(name, platform="amd64", format="oci-archive", select=both, output=tmp_path / "x.tar")
    (entry,) = listed(done.path)
    nested = json.loads(members(done.path)[f"blobs/sha256/{entry['digest'][7:]}"])
    assert [one["digest"] for one in nested["manifests"]] == [AMD.root.digest, words.root.digest]


def test_a_web_page_in_place_of_the_api_is_no_list(registry, client, image, events, tmp_path):
    page = b"<!DOCTYPE html><html></html>"

    def web(request: Request, given: Answer) -> Answer:
        fields = [("Content-Type", "text/html"), ("Content-Length", str(len(page)))]
        return Answer(status=200, headers=Headers.of(fields), body=(page,)) if "/referrers/" in request.url else given

    registry.fault = web
    done = client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")
    assert done.companions == 0
    assert any("nothing refers to" in text for text in warnings(events))


def test_a_quota_that_is_used_up_is_not_taken_for_a_registry_without_referrers(registry, client, image, tmp_path):
    registry.fault = lambda request, given: with_status(given, 429) if "/referrers/" in request.url else given
    with pytest.raises(RateLimited):
        client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")


def test_a_referrer_that_refers_to_something_else_is_left_out_with_a_word(registry, client, image, events, tmp_path):
    api = ReferrersApi(registry)
    api.add(AMD.root.digest, sbom(ARM), SBOM)
    done = client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")
    assert digests(done.path) == {AMD.root.digest}
    assert any("does not refer to" in text for text in warnings(events))


def test_a_referrer_whose_manifest_has_gone_is_left_out_with_a_word(registry, client, image, events, tmp_path):
    api = ReferrersApi(registry)
    api.known[AMD.root.digest] = [entry_of(sbom(AMD), SBOM)]
    done = client.pull(image, platform="amd64", format="oci-archive", select=REFERRED, output=tmp_path / "x.tar")
    assert digests(done.path) == {AMD.root.digest}
    assert any("left out" in text for text in warnings(events))


@pytest.mark.parametrize(("form", "full"), [("oci-archive", False), ("oci-dir", True)])
def test_cosigns_signature_is_found_by_its_tag_and_by_its_kind(registry, client, image, tmp_path, form, full):
    tag = f"sha256-{AMD.root.digest[7:]}.sig"
    one = signature(AMD.root)
    push(registry, "app", tag, one)
    done = client.pull(image, platform="amd64", format=form, select=REFERRED, output=tmp_path / "x")
    named, beside = listed(done.path)
    assert named["annotations"]["kind"] == "dev.cosignproject.cosign/image"
    assert beside["digest"] == one.root.digest
    assert beside["annotations"] == {
        "kind": "dev.cosignproject.cosign/sigs",
        "org.opencontainers.image.ref.name": registry.name(f"app:{tag}") if full else tag,
    }
    assert named["annotations"]["org.opencontainers.image.ref.name"] == (image if full else "1")


def test_pulling_into_a_folder_again_doubles_no_entry(registry, client, image, tmp_path):
    api = ReferrersApi(registry)
    api.add(AMD.root.digest, sbom(AMD), SBOM)
    push(registry, "app", f"sha256-{AMD.root.digest[7:]}.sig", signature(AMD.root))
    for _ in range(2):
        client.pull(image, platform="amd64", format="oci-dir", select=REFERRED, output=tmp_path / "x")
    assert len(listed(tmp_path / "x")) == 3


def test_a_plan_tells_what_is_kept_beside(registry, client, image):
    api = ReferrersApi(registry)
    api.add(AMD.root.digest, sbom(AMD), SBOM)
    plan = client.plan(image, platform="amd64", format="oci-archive", select=REFERRED)
    (one,) = plan.companions
    assert (one.media_type, one.size) == (SBOM, len(b"sbom") + len(b"{}"))
    assert plan.to_download == sum(layer.size for layer in (plan.config, *plan.layers, one))


def test_from_a_folder_into_an_archive_everything_beside_an_image_comes_along(registry, client, image, tmp_path):
    api = ReferrersApi(registry)
    one = sbom(AMD)
    api.add(AMD.root.digest, one, SBOM)
    tag = f"sha256-{AMD.root.digest[7:]}.sig"
    push(registry, "app", tag, signature(AMD.root))
    both = Selection(attestations=True, referrers=True)
    client.pull(image, platform="amd64", format="oci-dir", select=both, output=tmp_path / "layout")
    registry.asked.clear()
    again = client.pull(
        f"oci:{tmp_path}/layout:{image}", platform="amd64", format="oci-archive", select=both, output=tmp_path / "x.tar"
    )
    assert registry.asked == []
    assert again.companions == 3
    _, *beside = listed(again.path)
    assert [entry["digest"] for entry in beside] == [one.root.digest, signature(AMD.root).root.digest]
    assert beside[0]["artifactType"] == SBOM
    assert beside[1]["annotations"]["org.opencontainers.image.ref.name"].endswith(".sig")
    assert b"amd64" in members(again.path).values()
