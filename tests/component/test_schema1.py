"""Images of Docker's old schema 1, from a registry that still has them."""

import gzip
import json

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.archive import check_archive
from dget.archive.inspection import inspect_archive, judge_all
from dget.cli.main import main
from dget.cli.render import summary
from dget.errors import IntegrityError, NoSuchPlatform, Unsupported
from dget.flow import Cancel, silent
from dget.model import Digest, Platform
from dget.model.media_type import DOCKER_SCHEMA1_SIGNED
from tests.component.conftest import is_blob, with_status
from tests.component.test_pull import members
from tests.parts.images import layer
from tests.parts.schema1 import old_manifest, signed

BASE = gzip.compress(layer({"base": b"b" * 5_000_000}), mtime=0)
TOP = layer({"top": b"plain"})


@pytest.fixture
def payload(registry) -> bytes:
    base, top = (str(registry.content.add_blob(blob)) for blob in (BASE, TOP))
    return old_manifest([("ADD base /", base), ("ENV A=b", None), ("COPY top /", top)])


@pytest.fixture
def image(registry, payload):
    registry.content.add_manifest("app", signed(payload), DOCKER_SCHEMA1_SIGNED, "1")
    return registry.name("app:1")


def test_it_becomes_an_archive_that_every_engine_takes(client, image, tmp_path):
    result = client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    assert check_archive(result.path) == [image]
    found = inspect_archive(result.path, Platform.parse("amd64"), cancel=Cancel(), observer=silent)
    # What the layers unpack to is what the new config says.
    assert found.faults == ()
    assert all(verdict.loads for verdict in judge_all(found))
    assert {BASE, TOP} < set(members(result.path).values())


def test_the_new_config_runs_what_the_old_one_ran(client, image):
    details = client.inspect(image, platform="amd64")
    config = details.config.value
    assert config.config.cmd == ("/bin/app",)
    assert [str(one) for one in config.diff_ids] == [str(Digest.of(gzip.decompress(BASE))), str(Digest.of(TOP))]
    assert len(config.history) == 3


def test_the_summary_says_what_it_was(client, image, payload, tmp_path):
    result = client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    assert result.converted_from == str(Digest.of(payload))
    assert f"Docker's old schema 1, converted: {Digest.of(payload)}" in summary(result)


def test_each_layer_is_fetched_once_and_a_second_pull_fetches_none(registry, client, image, tmp_path):
    first = client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    bodies = [path for method, path, _ in registry.asked if method == "GET" and "/blobs/" in path]
    assert len(bodies) <= 3  # the larger one in two ranges
    registry.asked.clear()
    second = client.pull(image, platform="amd64", output=tmp_path / "y.tar")
    assert [path for method, path, _ in registry.asked if method == "GET" and "/blobs/" in path] == []
    assert (second.digest, second.path.read_bytes()) == (first.digest, first.path.read_bytes())


def test_without_a_cache_it_is_the_same_and_leaves_nothing(registry, client, image, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with Client(Settings(cache=False, environment={})) as bare:
        plain = bare.pull(image, platform="amd64", output=tmp_path / "x.tar").path.read_bytes()
    assert client.pull(image, platform="amd64", output=tmp_path / "y.tar").path.read_bytes() == plain
    client.close()
    assert list(scratch.iterdir()) == []


def test_unsigned_ones_are_the_same_image(registry, client, image, payload, tmp_path):
    registry.content.add_manifest("plain", payload, DOCKER_SCHEMA1_SIGNED, "1")
    one = client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    other = client.pull(registry.name("plain:1"), platform="amd64", output=tmp_path / "y.tar")
    assert one.digest == other.digest


def test_by_digest_the_signed_part_is_compared(registry, client, payload, tmp_path):
    raw = signed(payload)
    repository = registry.content
    repository.add_manifest("app", raw, DOCKER_SCHEMA1_SIGNED)
    digest = Digest.of(payload)
    other = Digest.of(b"other")

    def by_any_digest(request, given):
        if "/manifests/" not in request.url:
            return given
        return replace(given, status=200, body=(raw,)) if given.status == 200 else wrong(request)

    def wrong(request):
        from dget.serve import answer

        path = request.url.rpartition("/")[0] + f"/{Digest.of(raw)}"
        return answer(replace(request, url=path), repository)

    registry.fault = by_any_digest
    result = client.pull(f"{registry.name('app')}@{digest}", platform="amd64", output=tmp_path / "x.tar")
    assert result.converted_from == str(digest)
    with pytest.raises(IntegrityError):
        client.pull(f"{registry.name('app')}@{other}", platform="amd64", output=tmp_path / "y.tar")


def test_sizes_are_found_where_head_is_refused(registry, client, image, tmp_path):
    registry.fault = lambda request, given: (
        with_status(given, 403) if request.method == "HEAD" and is_blob(request) else given
    )
    assert client.pull(image, platform="amd64", output=tmp_path / "x.tar").layers == 2


def test_raw_gives_the_registrys_bytes_and_fetches_no_layer(registry, client, image, payload):
    assert client.raw(image) == signed(payload)
    assert registry.blobs_asked() == []


def test_another_platform_is_not_there(client, image, tmp_path):
    with pytest.raises(NoSuchPlatform):
        client.pull(image, platform="s390x", output=tmp_path / "x.tar")


def test_a_layer_that_does_not_unpack_is_refused(registry, client, tmp_path):
    broken = str(registry.content.add_blob(BASE[:-100]))
    registry.content.add_manifest("app", old_manifest([("ADD base /", broken)]), DOCKER_SCHEMA1_SIGNED, "2")
    with pytest.raises(IntegrityError, match="unpack"):
        client.pull(registry.name("app:2"), platform="amd64", output=tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


def test_one_that_does_not_fit_together_is_unsupported(registry, client, payload, tmp_path):
    manifest = json.loads(payload)
    manifest["fsLayers"].pop()
    registry.content.add_manifest("app", json.dumps(manifest).encode(), DOCKER_SCHEMA1_SIGNED, "3")
    with pytest.raises(Unsupported, match="history"):
        client.pull(registry.name("app:3"), platform="amd64", output=tmp_path / "x.tar")


def test_a_person_is_told_before_the_layers_are_fetched(image, tmp_path, capfd):
    words = ["--no-cache", "-arch", "amd64", "-o", str(tmp_path / "x.tar"), image]
    assert main(words) == 0
    told = capfd.readouterr().err
    assert told.index("its layers are fetched to convert it") < told.index("Docker's old schema 1, converted")
