"""Several platforms of an image: in one file where the format holds them, else in a file each."""

import gzip
import io
import json

import pytest

from dget.errors import NoSuchPlatform, Unauthorized, UsageError
from dget.flow import Warned
from dget.model.media_type import OCI_MANIFEST
from tests.component.conftest import with_status
from tests.component.test_companions import digests
from tests.component.test_kinds import listed, members, push
from tests.parts.images import OCI, Image, digest_of, layer, single
from tests.parts.kinds import attested, index_of

SHARED = layer({"shared": b"shared" * 1000})
BUILDS = {
    platform: single(OCI, platform, [SHARED, layer({"own": platform.encode()})])
    for platform in ("linux/amd64", "linux/arm/v7", "linux/arm64")
}


@pytest.fixture
def image(registry) -> str:
    return push(registry, "app", "1", attested(BUILDS))


def test_docker_formats_get_a_file_for_each_platform(registry, client, image, tmp_path):
    done = client.pull_platforms(image, platform="linux/arm*", output=f"{tmp_path}/")
    assert [(one.path.name, one.platform) for one in done] == [
        ("app_1_linux-arm-v7.tar.gz", "linux/arm/v7"),
        ("app_1_linux-arm64.tar.gz", "linux/arm64"),
    ]
    for one in done:
        assert one.digest == BUILDS[one.platform].root.digest
        assert digests(one.path) == {one.digest}


def test_a_layer_of_several_platforms_is_fetched_once(registry, client, image, tmp_path):
    client.pull_platforms(image, platform="all", output=f"{tmp_path}/")
    asked = registry.blobs_asked()
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("keep_index", [False, True])
@pytest.mark.parametrize("form", ["oci-archive", "oci-dir"])
def test_oci_formats_hold_all_platforms_of_a_name_as_one_entry(registry, client, image, tmp_path, form, keep_index):
    done = client.pull(image, platform="all", format=form, keep_index=keep_index, output=tmp_path / "x")
    (entry,) = listed(done.path)
    raw = (
        (done.path / "blobs/sha256" / entry["digest"][7:]).read_bytes()
        if form == "oci-dir"
        else members(done.path)[f"blobs/sha256/{entry['digest'][7:]}"]
    )
    assert {one["digest"] for one in json.loads(raw)["manifests"]} >= {one.root.digest for one in BUILDS.values()}
    assert (raw == client.raw(image)) == keep_index
    assert (done.platform, done.layers) == ("linux/amd64, linux/arm/v7, linux/arm64", 4)


def test_files_that_were_done_before_one_failed_stay_and_are_told(registry, client, image, events, tmp_path):
    own = digest_of(gzip.compress(layer({"own": b"linux/arm/v7"}), 6, mtime=0))
    registry.fault = lambda request, given: with_status(given, 403) if own in request.url else given
    with pytest.raises(Unauthorized):
        client.pull_platforms(image, platform="all", output=f"{tmp_path}/")
    assert [path.name for path in tmp_path.glob("app*.gz")] == ["app_1_linux-amd64.tar.gz"]
    assert any(isinstance(event, Warned) and "app_1_linux-amd64.tar.gz" in event.text for event in events)


def test_a_file_of_several_platforms_is_named_after_none(registry, client, image, tmp_path):
    done = client.pull(image, platform="amd64,arm64", format="oci-archive", output=f"{tmp_path}/")
    assert done.path.name == "app_1.tar"


def test_a_pattern_that_chooses_one_platform_gives_an_ordinary_file(registry, client, image, tmp_path):
    (done,) = client.pull_platforms(image, platform="*/arm64", output=tmp_path / "x.tar")
    assert done.path == tmp_path / "x.tar"


@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy"])
def test_one_file_for_several_platforms_of_a_format_that_holds_one_is_a_mistake(
    registry, client, image, tmp_path, form
):
    for output in (tmp_path / "x.tar", io.BytesIO()):
        with pytest.raises(UsageError) as caught:
            client.pull_platforms(image, platform="all", format=form, output=output)
        assert "--format oci-archive" in (caught.value.hint or "")
    assert list(tmp_path.glob("x*")) == []
    assert registry.blobs_asked() == []


def test_a_call_for_one_archive_refuses_what_may_be_several(registry, client, image, tmp_path):
    with pytest.raises(UsageError, match="holds one platform"):
        client.pull(image, platform="linux/*", output=f"{tmp_path}/")
    assert registry.asked == []


@pytest.mark.parametrize("wish", ["amd64,s390x", "windows/*"])
def test_one_platform_that_is_missing_is_an_error_and_nothing_is_fetched(registry, client, image, tmp_path, wish):
    with pytest.raises(NoSuchPlatform) as caught:
        client.pull_platforms(image, platform=wish, output=f"{tmp_path}/")
    assert caught.value.available == list(BUILDS)
    assert registry.blobs_asked() == []


def test_a_platform_that_is_listed_twice_is_taken_once(registry, client, tmp_path):
    one, two = (single(OCI, "amd64", [layer({"n": n})]) for n in (b"1", b"2"))
    name = push(registry, "app", "1", collection_of(one, two))
    (done,) = client.pull_platforms(name, platform="all", output=f"{tmp_path}/")
    assert done.digest == one.root.digest


def test_windows_builds_of_several_versions_get_files_of_their_own(registry, client, tmp_path):
    builds = [single(OCI, "windows/amd64", [layer({"n": n})]) for n in (b"1", b"2")]
    root = collection_of(*builds, versions=["10.0.17763.1", "10.0.20348.2"])
    done = client.pull_platforms(push(registry, "app", "1", root), platform="windows/*", output=f"{tmp_path}/")
    assert [one.path.name for one in done] == [
        "app_1_windows-10.0.17763.1-amd64.tar.gz",
        "app_1_windows-10.0.20348.2-amd64.tar.gz",
    ]
    assert [one.digest for one in done] == [one.root.digest for one in builds]


def test_a_single_image_is_its_only_platform(registry, client, tmp_path):
    name = push(registry, "one", "1", BUILDS["linux/arm64"])
    for wish in ("all", "linux/*"):
        (done,) = client.pull_platforms(name, platform=wish, output=f"{tmp_path}/")
        assert done.platform == "linux/arm64"
    with pytest.raises(NoSuchPlatform):
        client.pull_platforms(name, platform="windows/*", output=f"{tmp_path}/")


def test_a_plan_for_each_platform_counts_what_they_share_once(registry, client, image, tmp_path):
    plans = client.plan_platforms(image, platform="all", format="oci-archive", output=tmp_path / "x.tar")
    assert [plan.platform for plan in plans] == list(BUILDS)
    done = client.pull(image, platform="all", format="oci-archive", output=tmp_path / "x.tar")
    assert {plan.archive_size for plan in plans} == {done.size}
    configs = sum(plan.config.size for plan in plans)
    layers = {layer.digest: layer.size for plan in plans for layer in plan.layers}
    assert sum(plan.to_download for plan in plans) == configs + sum(layers.values()) == done.fetched + done.reused


def collection_of(*builds: Image, versions: list[str] | None = None) -> Image:
    """An index of builds for one platform, of these versions."""
    entries = []
    for place, one in enumerate(builds):
        system = {"os": "windows", "os.version": versions[place]} if versions else {"os": "linux"}
        entries.append(
            {
                "mediaType": OCI_MANIFEST,
                "digest": one.root.digest,
                "size": len(one.root.raw),
                "platform": {"architecture": "amd64", **system},
            }
        )
    blobs = {digest: blob for one in builds for digest, blob in one.blobs.items()}
    return Image(index_of(entries), tuple(one.root for one in builds), blobs)
