"""From a file into another: the verbs that read registries read files too."""

import gzip
import json

import pytest

from dget import Client, Settings
from dget.archive import check_archive
from dget.cli.main import main
from dget.errors import DamagedFile, NoSuchPlatform
from dget.flow import Retrying, Stage, Warned
from tests.component.test_pull import members as members_of
from tests.parts.archives import classic, combined, layers_of, layout, tar_of
from tests.parts.images import OCI, index, layer, single

AMD64 = single(OCI, "amd64", [layer({"base": bytes(3_000_000)}), layer({"top": b"amd64"})])
ARM64 = single(OCI, "arm64", [layer({"base": b"arm64"})])
BOTH = index(OCI, {"amd64": AMD64, "arm64": ARM64})
NAME = "docker.io/library/app:1"


@pytest.fixture
def offline(events):
    with Client(Settings(environment={}, cache=False), observer=events.append) as client:
        yield client


def written(path, members):
    path.write_bytes(tar_of(members))
    return path


def test_converting_keeps_the_manifest_and_every_blob(offline, tmp_path):
    source = written(tmp_path / "in.tar", layout([(NAME, BOTH)]))
    result = offline.pull(f"oci-archive:{source}", platform="arm64", output=tmp_path / "out.tar.gz")
    assert (result.digest, result.name, result.platform) == (ARM64.root.digest, NAME, "linux/arm64")
    assert check_archive(result.path) == [NAME]
    assert set(ARM64.blobs.values()) < set(members_of(result.path).values())


def test_what_was_converted_once_is_converted_again_to_the_same_bytes(offline, tmp_path):
    source = written(tmp_path / "in.tar", combined([(NAME, AMD64)]))
    first = offline.pull(str(source), output=tmp_path / "a.tar.gz")
    second = offline.pull(str(first.path), output=tmp_path / "b.tar")
    assert gzip.decompress(first.path.read_bytes()) == second.path.read_bytes()


def test_what_dget_wrote_needs_no_unpacking_and_other_gzip_is_said_to_be_unpacked(offline, events, tmp_path):
    source = written(tmp_path / "in.tar", combined([(NAME, AMD64)]))
    own = offline.pull(str(source), output=tmp_path / "own.tar.gz").path
    offline.inspect(str(own))
    assert not any(isinstance(event, Stage) and "unpacking" in event.text for event in events)
    other = tmp_path / "other.tgz"
    other.write_bytes(gzip.compress(source.read_bytes()))
    assert offline.inspect(str(other)).manifest.raw == AMD64.root.raw
    assert any(isinstance(event, Stage) and "unpacking other.tgz (gzip)" in event.text for event in events)


def test_an_archive_of_plain_layers_becomes_one_that_every_engine_loads(offline, tmp_path):
    source = written(tmp_path / "in.tar", classic([("app:1", AMD64)]))
    result = offline.pull(f"docker-archive:{source}:app:1", output=tmp_path / "out.tar")
    content = members_of(result.path)
    assert check_archive(result.path) == [NAME]
    for digest in layers_of(AMD64):
        assert gzip.decompress(AMD64.blobs[digest]) in content.values()
    assert json.loads(content["index.json"])["manifests"][0]["digest"] == result.digest


def test_every_name_of_an_image_goes_along_and_a_chosen_one_alone(offline, tmp_path):
    names = [NAME, "docker.io/library/app:latest"]
    source = written(tmp_path / "in.tar", combined([(name, AMD64) for name in names]))
    assert check_archive(offline.pull(str(source), output=tmp_path / "all.tar").path) == names
    assert check_archive(offline.pull(f"{source}:app:latest", output=tmp_path / "one.tar").path) == names[1:]
    assert list(offline.tags(str(source)).tags) == names


def test_a_platform_that_the_file_lacks_is_not_there_whatever_its_index_says(offline, tmp_path):
    members = layout([(NAME, BOTH)])
    del members[f"blobs/sha256/{ARM64.root.digest[7:]}"]
    source = written(tmp_path / "in.tar", members)
    with pytest.raises(NoSuchPlatform) as caught:
        offline.pull(str(source), platform="arm64", output=tmp_path / "out.tar")
    assert caught.value.available == ["linux/amd64"]


def test_a_damaged_layer_is_found_named_and_not_read_again_and_again(offline, events, tmp_path):
    members = layout([(NAME, AMD64)])
    digest = layers_of(AMD64)[0]
    place = f"blobs/sha256/{digest[7:]}"
    members[place] = AMD64.blobs[digest][::-1]
    source = written(tmp_path / "in.tar", members)
    with pytest.raises(DamagedFile, match=digest):
        offline.pull(str(source), output=tmp_path / "out.tar")
    assert not any(isinstance(event, Retrying) for event in events)
    assert not any(isinstance(event, Warned) and "again" in event.text for event in events)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tar"]


def test_a_plan_and_the_raw_manifest_of_a_file(offline, tmp_path):
    source = written(tmp_path / "in.tar", layout([(NAME, BOTH)]))
    plan = offline.plan(str(source), platform="amd64")
    assert plan.platforms == ("linux/amd64", "linux/arm64")
    assert plan.digest == AMD64.root.digest
    assert offline.raw(str(source)) == BOTH.root.raw


def test_a_file_leaves_nothing_in_the_cache(client, settings, tmp_path):
    source = written(tmp_path / "in.tar", combined([(NAME, AMD64)]))
    client.pull(str(source), output=tmp_path / "out.tar")
    assert not settings.cache_dirs[0].exists()


def test_the_files_of_an_image_in_a_file_are_listed_and_printed(tmp_path, capfd):
    source = written(tmp_path / "in.tar", layout([(NAME, AMD64)]))
    assert main(["ls", "-q", "-arch", "amd64", str(source)]) == 0
    assert capfd.readouterr().out.split() == ["/base", "/top"]
    assert main(["cat", "-q", "-arch", "amd64", str(source), "top"]) == 0
    assert capfd.readouterr().out == "amd64"
