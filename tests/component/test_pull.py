"""From a registry into an archive."""

import gzip
import json
import os
import re
import tarfile
from pathlib import Path

import pytest

from dget import Client, Settings
from dget.archive import check_archive
from dget.cli.render import text
from dget.codec import FileLock
from dget.errors import NoSuchPlatform, NotFound, StorageError, Unsupported
from dget.flow import Warned
from dget.model import Digest
from dget.model.media_type import OCI_INDEX, OCI_MANIFEST
from tests.component.conftest import noise

BASE, TOP = noise(1, 3_000), noise(2, 9_500_000)


@pytest.fixture
def image(registry):
    registry.index("app", "1", amd64=[BASE, TOP], arm64=[noise(3, 100)])
    return registry.name("app:1")


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def test_the_archive_holds_the_registrys_bytes_under_the_full_name(registry, client, image, tmp_path):
    result = client.pull(image, platform="amd64", output=tmp_path / "x.tar.gz")
    assert check_archive(result.path) == [image] == [result.name]
    content = members(result.path)
    assert TOP in content.values()
    entry = json.loads(content["index.json"])["manifests"][0]
    assert entry["digest"] == result.digest
    assert entry["annotations"] == {"io.containerd.image.name": image, "org.opencontainers.image.ref.name": "1"}
    assert list(content)[-2:] == ["index.json", "manifest.json"]


def test_plain_and_gzip_hold_the_same_tar_and_the_cache_changes_no_byte(registry, client, image, tmp_path):
    packed = client.pull(image, platform="amd64", output=tmp_path / "x.tar.gz").path.read_bytes()
    plain = client.pull(image, platform="amd64", output=tmp_path / "x.tar").path.read_bytes()
    assert gzip.decompress(packed) == plain
    with Client(Settings(cache=False, environment={})) as bare:
        assert bare.pull(image, platform="amd64", output=tmp_path / "y.tar").path.read_bytes() == plain
        assert bare.pull(image, platform="amd64", output=tmp_path / "y.tgz").path.read_bytes() == packed
    assert len(plain) % 512 == 0


def test_a_second_pull_asks_for_no_blob(registry, client, image, tmp_path):
    first = client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    registry.asked.clear()
    second = client.pull(image, platform="amd64", output=tmp_path / "y.tar")
    assert [method for method, _, _ in registry.asked] == ["HEAD"]
    assert (second.fetched, second.reused) == (0, first.fetched)


def test_an_image_that_shares_a_layer_fetches_the_missing_ones_alone(registry, client, tmp_path):
    registry.image("app", "1", BASE, TOP)
    new = noise(4, 50)
    registry.image("other", "2", BASE, new)
    client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar")
    registry.asked.clear()
    result = client.pull(registry.name("other:2"), platform="amd64", output=tmp_path / "y.tar")
    assert result.fetched == len(new)
    assert len(registry.blobs_asked()) == 2  # the config, in the plan, and the new layer


def test_each_blob_is_asked_for_once_and_large_ones_in_ranges(registry, client, image, tmp_path):
    client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    ranges = sorted(asked for _, path, asked in registry.asked if "/blobs/" in path and asked)
    assert ranges == ["bytes=0-4194303", "bytes=4194304-9499999"]
    assert len(registry.blobs_asked()) == 2 + 2


def test_by_digest_nothing_is_resolved_again_and_the_name_says_the_digest(registry, client, image, tmp_path):
    digest = client.plan(image, platform="amd64").digest
    result = client.pull(f"{registry.name('app')}@{digest}", platform="amd64", output=tmp_path / "x.tar")
    assert result.name == f"{registry.name('app')}:sha256-{digest[7:19]}"
    registry.asked.clear()
    client.pull(f"{registry.name('app')}@{digest}", platform="amd64", output=tmp_path / "y.tar")
    assert registry.asked == []


def test_another_platform_is_chosen_and_a_missing_one_lists_those_there_are(registry, client, image, tmp_path):
    assert client.pull(image, platform="aarch64", output=tmp_path / "x.tar").platform == "linux/arm64"
    with pytest.raises(NoSuchPlatform) as caught:
        client.pull(image, platform="s390x", output=tmp_path / "y.tar")
    assert caught.value.available == ["linux/amd64", "linux/arm64"]


def test_a_single_image_of_another_platform_is_refused_when_it_was_named_and_else_told(
    registry, client, events, tmp_path
):
    registry.image("odd", "1", BASE, architecture="s390x")
    with pytest.raises(NoSuchPlatform):
        client.pull(registry.name("odd:1"), platform="amd64", output=tmp_path / "x.tar")
    assert client.pull(registry.name("odd:1"), output=tmp_path / "x.tar").platform == "linux/s390x"
    assert any(isinstance(event, Warned) for event in events)


def test_an_empty_layer_and_one_that_stands_twice_are_fine(registry, client, tmp_path):
    registry.image("app", "1", b"", BASE, BASE)
    result = client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar")
    assert len(json.loads(members(result.path)["manifest.json"])[0]["Layers"]) == 3
    check_archive(result.path)


def test_an_existing_file_is_replaced_or_kept(registry, client, image, tmp_path):
    target = tmp_path / "x.tar"
    target.write_bytes(b"mine")
    kept = client.pull(image, platform="amd64", output=target, clobber=False)
    assert kept.kept
    assert target.read_bytes() == b"mine"
    client.pull(image, platform="amd64", output=target)
    check_archive(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "x.tar"]


def test_a_file_that_another_process_writes_is_left_alone(registry, client, image, tmp_path):
    lock = FileLock.try_take(tmp_path / "x.tar.part.lock")
    assert lock is not None
    with pytest.raises(StorageError, match="another process"):
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    lock.release()


def test_what_stands_in_the_way_and_is_no_file_is_left_alone(registry, client, image, tmp_path):
    os.mkfifo(tmp_path / "x.tar")
    with pytest.raises(StorageError, match="no file"):
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    assert (tmp_path / "x.tar").is_fifo()


def test_an_unfinished_file_of_somebody_else_is_set_aside_each_time(registry, client, image, events, tmp_path):
    for words in ("first", "second"):
        (tmp_path / "x.tar.part").write_text(words)
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    assert (tmp_path / "x.tar.part.old").read_text() == "first"
    assert (tmp_path / "x.tar.part.old2").read_text() == "second"
    assert any(isinstance(event, Warned) and "x.tar.part.old" in event.text for event in events)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "x.tar", "x.tar.part.old", "x.tar.part.old2"]


def test_a_wrong_tag_and_a_wrong_repository_are_not_found(registry, client, image, tmp_path):
    for name in ("app:2", "nothing:1"):
        with pytest.raises(NotFound):
            client.pull(registry.name(name), output=tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


def test_an_artifact_is_unsupported(registry, client, tmp_path):
    config = {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2}
    raw = json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode()
    registry.content.add_manifest("chart", raw, OCI_MANIFEST, "1")
    with pytest.raises(Unsupported, match="Helm chart") as caught:
        client.pull(registry.name("chart:1"), output=tmp_path / "x.tar")
    assert "--format oci-archive" in (caught.value.hint or "")


def test_a_config_that_does_not_fit_its_layers_is_unsupported(registry, client, tmp_path):
    good = json.loads(registry.manifest([BASE, TOP], "amd64"))
    del good["layers"][0]
    registry.content.add_manifest("app", json.dumps(good).encode(), OCI_MANIFEST, "1")
    with pytest.raises(Unsupported, match="1 layers, but its config names 2"):
        client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


RICH = {
    "ExposedPorts": {"80/tcp": {}, "443/tcp": None},
    "Volumes": {"/data": {}},
    "Labels": {"a": "b", "number": 1},
    "Entrypoint": "/bin/sh",
    "Cmd": None,
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30000000000},
    "OnBuild": None,
    "Shell": ["/bin/bash"],
    "StopSignal": None,
}


def test_a_config_with_all_that_docker_knows_is_pulled_and_shown(registry, client, tmp_path):
    config = {
        "architecture": "amd64",
        "os": "linux",
        "variant": None,
        "os.features": None,
        "config": RICH,
        "container_config": RICH,
        "history": [{"created_by": "x", "empty_layer": None}],
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(BASE))]},
    }
    raw = json.dumps(config).encode()
    manifest = json.loads(registry.manifest([BASE], "amd64"))
    manifest["config"] = {**manifest["config"], "digest": str(registry.content.add_blob(raw)), "size": len(raw)}
    registry.content.add_manifest("rich", json.dumps(manifest).encode(), OCI_MANIFEST, "1")
    client.pull(registry.name("rich:1"), platform="amd64", output=tmp_path / "x.tar")
    shown = text(client.inspect(registry.name("rich:1"), platform="amd64")).decode()
    assert re.search(r"port +80/tcp\n +443/tcp\nvolume +/data\nlabel +a=b\n +number=1\n", shown), shown
    assert re.search(r"entrypoint +/bin/sh\n", shown)


@pytest.mark.parametrize(
    "platform", [None, {}, {"os": "linux", "architecture": "amd64", "variant": None, "os.features": None}]
)
def test_an_index_entry_whose_platform_is_empty_or_null_in_parts_is_read(registry, client, tmp_path, platform):
    raw = registry.manifest([BASE], "amd64")
    digest = registry.content.add_manifest("app", raw, OCI_MANIFEST)
    entry = {"mediaType": OCI_MANIFEST, "digest": str(digest), "size": len(raw), "platform": platform}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    registry.content.add_manifest("app", index, OCI_INDEX, "1")
    assert client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar").platform == "linux/amd64"


def test_a_plan_tells_sizes_and_downloads_no_layer(registry, client, image, tmp_path):
    plan = client.plan(image, platform="amd64", output=tmp_path / "x.tar")
    assert registry.blobs_asked() == []
    assert plan.platforms == ("linux/amd64", "linux/arm64")
    assert [layer.size for layer in plan.layers] == [len(BASE), len(TOP)]
    result = client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    assert plan.archive_size == result.size == result.path.stat().st_size
    assert plan.to_download == result.fetched
    assert client.plan(image, platform="amd64").to_download == 0


def test_inspect_and_raw_and_tags(registry, client, image):
    details = client.inspect(image, platform="amd64")
    assert details.config.value.config.env == ("A=b",)
    assert json.loads(client.raw(image))["schemaVersion"] == 2
    for tag in ("1.9", "1.10", "latest", *map(str, range(2, 1500))):
        registry.image("many", tag, BASE)
    tags = client.tags(registry.name("many")).tags
    assert len(tags) == 1501
    assert tags.index("1.9") < tags.index("1.10") < tags.index("2") < tags.index("1499") < tags.index("latest")


def test_the_cache_is_an_oci_layout_that_names_its_images(registry, client, image, tmp_path):
    client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    cache = tmp_path / "cache"
    assert json.loads((cache / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    names = [
        entry["annotations"]["io.containerd.image.name"]
        for entry in json.loads((cache / "index.json").read_bytes())["manifests"]
    ]
    assert names == [image]
    assert list((cache / "ingest").iterdir()) == []
