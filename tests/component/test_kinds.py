"""All that registries hold, into each format: what goes in, what is refused, what is said."""

import gzip
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dget import Client, ForeignLayers, Selection, Settings
from dget.errors import NetworkError, NotFound, Unsupported
from dget.flow import Warned
from dget.protocol.http import Headers, Request
from dget.serve import Answer, Server
from tests.component.conftest import Registry
from tests.parts.images import DOCKER, OCI, Image, Kind, digest_of, layer, single
from tests.parts.images import artifact as helm_chart
from tests.parts.kinds import artifact, attested, collection, nested, packed, plugin, wasm_module, with_foreign_base

BASE, TOP = layer({"bin/base": b"base" * 500}), layer({"etc/top": b"top"})
ARTIFACTS = {
    "a Helm chart": helm_chart(),
    "a WebAssembly module": wasm_module(),
    "a Docker plugin": plugin(),
    "an SBOM": artifact("application/spdx+json", {"sbom.json": b"{}"}),
    "an artifact (application/vnd.example)": artifact("application/vnd.example", {"a.txt": b"a", "b.txt": b"b"}),
}


def push(registry: Registry, repository: str, tag: str, image: Image) -> str:
    """What dget is asked for then."""
    for blob in image.blobs.values():
        registry.content.add_blob(blob)
    for child in image.children:
        registry.content.add_manifest(repository, child.raw, child.media_type)
    registry.content.add_manifest(repository, image.root.raw, image.root.media_type, tag)
    return registry.name(f"{repository}:{tag}")


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def listed(path: Path) -> list[dict[str, Any]]:
    """The entries of an archive's, or a folder's, index.json."""
    raw = (path / "index.json").read_bytes() if path.is_dir() else members(path)["index.json"]
    entries: list[dict[str, Any]] = json.loads(raw)["manifests"]
    return entries


def warnings(events: list[Any]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Warned))


# Layers.


@pytest.mark.parametrize("kind", [DOCKER, OCI])
@pytest.mark.parametrize("packing", ["tar", "gzip", "zstd"])
@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy", "oci-archive"])
def test_layers_of_any_packing_go_into_any_format(registry, client, tmp_path, kind: Kind, packing, form):
    image = packed(kind, "amd64", [(packing, BASE), ("gzip", TOP)])
    name = push(registry, "app", "1", image)
    content = members(client.pull(name, platform="amd64", format=form, output=tmp_path / "x.tar").path)
    wanted = {BASE, TOP} if form == "docker-legacy" else set(image.blobs.values())
    assert wanted < set(content.values())


@pytest.mark.parametrize(("form", "told"), [("docker-archive", True), ("docker-legacy", False), ("oci-archive", False)])
def test_zstd_layers_are_told_of_where_an_older_docker_would_stumble(registry, client, events, tmp_path, form, told):
    name = push(registry, "app", "1", packed(DOCKER, "amd64", [("zstd", BASE)]))
    client.pull(name, platform="amd64", format=form, output=tmp_path / "x.tar")
    assert ("Docker before 23.0" in warnings(events)) == told


def test_an_index_within_an_index_is_looked_through(registry, client, tmp_path):
    arm, amd = single(OCI, "arm64", [TOP]), single(DOCKER, "amd64", [BASE])
    name = push(registry, "app", "1", nested(attested({"arm64": arm}), nested(attested({"amd64": amd}))))
    assert client.pull(name, platform="amd64", output=tmp_path / "x.tar").digest == amd.root.digest
    assert client.plan(name, platform="arm64").platforms == ("linux/arm64", "linux/amd64")


# Artifacts.


@pytest.mark.parametrize("words", ARTIFACTS)
@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy"])
def test_an_artifact_is_refused_by_formats_that_engines_load(registry, client, tmp_path, words, form):
    name = push(registry, "thing", "1", ARTIFACTS[words])
    with pytest.raises(Unsupported) as caught:
        client.pull(name, format=form, output=tmp_path / "x.tar")
    assert words in caught.value.message
    assert "--format oci-archive" in (caught.value.hint or "")
    assert registry.blobs_asked() == []
    assert list(tmp_path.glob("x.tar*")) == []


@pytest.mark.parametrize("words", ARTIFACTS)
@pytest.mark.parametrize("form", ["oci-archive", "oci-dir"])
def test_an_artifact_is_kept_as_an_oci_layout(registry, client, tmp_path, words, form):
    image = ARTIFACTS[words]
    name = push(registry, "thing", "1", image)
    done = client.pull(name, format=form, output=tmp_path / "x")
    assert (done.kind, done.platform, done.digest) == (words, "", image.root.digest)
    (entry,) = listed(done.path)
    assert entry["digest"] == image.root.digest
    assert entry["annotations"]["io.containerd.image.name"] == name
    held = (
        set(members(done.path).values())
        if form == "oci-archive"
        else {path.read_bytes() for path in (tmp_path / "x/blobs/sha256").iterdir()}
    )
    assert {image.root.raw, *image.blobs.values()} <= held


def test_an_artifacts_file_is_named_without_a_platform(registry, client, tmp_path):
    name = push(registry, "chart", "1.0", ARTIFACTS["a Helm chart"])
    done = client.pull(name, format="oci-archive", output=f"{tmp_path}/")
    assert done.path.name == "chart_1.0.tar"


def test_an_index_of_artifacts_is_kept_whole(registry, client, tmp_path):
    several = collection(ARTIFACTS["an SBOM"], ARTIFACTS["an artifact (application/vnd.example)"])
    done = client.pull(push(registry, "things", "1", several), format="oci-archive", output=tmp_path / "x.tar")
    (entry,) = listed(done.path)
    assert entry["digest"] == done.digest == several.root.digest
    assert {several.root.raw, *(child.raw for child in several.children), *several.blobs.values()} < set(
        members(done.path).values()
    )


def test_an_artifact_beside_an_images_platforms_is_none_of_them(registry, client, tmp_path):
    image, chart = single(OCI, "amd64", [TOP]), ARTIFACTS["a Helm chart"]
    both = nested(attested({"amd64": image}), collection(chart))
    name = push(registry, "app", "1", both)
    assert [done.digest for done in client.pull_platforms(name, platform="all", output=f"{tmp_path}/")] == [
        image.root.digest
    ]


def test_a_plan_and_a_look_tell_what_an_artifact_is(registry, client):
    name = push(registry, "files", "1", ARTIFACTS["an artifact (application/vnd.example)"])
    plan = client.plan(name, format="oci-archive")
    assert (plan.kind, len(plan.layers)) == ("an artifact (application/vnd.example)", 2)
    details = client.inspect(name)
    assert (details.config, details.platform) == (None, None)


# Foreign layers.


class Publisher:
    """A web server that has one layer, at `/layer`."""

    def __init__(self, data: bytes) -> None:
        self.asked: list[Request] = []
        self.data = data
        self.moved_to = ""
        self.busy_for = 0
        self.server = Server(self._answer)

    @property
    def url(self) -> str:
        return f"{self.server.url}/layer"

    def _answer(self, request: Request) -> Answer:
        self.asked.append(request)
        if len(self.asked) <= self.busy_for:
            return Answer(status=503, headers=Headers.of([("Content-Length", "0")]))
        if request.url == "/moved":
            return Answer(
                status=302, headers=Headers.of([("Location", self.moved_to or "/layer"), ("Content-Length", "0")])
            )
        if request.url != "/layer":
            return Answer(status=404, headers=Headers.of([("Content-Length", "0")]))
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(self.data)))]), body=(self.data,))


@pytest.fixture
def publisher():
    one = Publisher(gzip.compress(BASE, 6, mtime=0))
    with one.server:
        yield one


def test_a_foreign_layer_comes_from_the_registry_where_it_has_it(registry, client, publisher, tmp_path):
    image, digest = with_foreign_base([publisher.url], BASE, TOP)
    registry.content.add_blob(publisher.data)
    done = client.pull(push(registry, "win", "1", image), platform="windows/amd64", output=tmp_path / "x.tar")
    assert members(done.path)[f"blobs/sha256/{digest[7:]}"] == publisher.data
    assert publisher.asked == []


@pytest.mark.parametrize("place", ["layer", "moved"])
@pytest.mark.parametrize("cached", [True, False])
def test_a_foreign_layer_comes_from_its_publisher_else_and_without_credentials(
    registry, settings, publisher, tmp_path, place, cached
):
    image, digest = with_foreign_base([f"{publisher.server.url}/gone", f"{publisher.server.url}/{place}"], BASE, TOP)
    name = push(registry, "win", "1", image)
    own = Settings(cache_dir=settings.cache_dir, cache=cached, username="me", password="secret", environment={})
    with Client(own) as client:
        done = client.pull(name, platform="windows/amd64", output=tmp_path / "x.tar")
    assert members(done.path)[f"blobs/sha256/{digest[7:]}"] == publisher.data
    assert publisher.asked
    assert all(request.headers.get("Authorization") is None for request in publisher.asked)
    assert len([path for path in registry.blobs_asked() if path == digest]) == 1


def test_a_publisher_that_gives_other_bytes_is_not_believed(registry, client, publisher, tmp_path):
    image, _ = with_foreign_base([publisher.url], BASE, TOP)
    publisher.data = publisher.data[:-1] + b"x"
    name = push(registry, "win", "1", image)
    with pytest.raises(Exception, match="do not match their digest"):
        client.pull(name, platform="windows/amd64", output=tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


def test_a_publisher_cannot_lead_to_where_cloud_machines_keep_their_secrets(registry, client, publisher, tmp_path):
    publisher.moved_to = "http://169.254.169.254/latest/meta-data"
    for url in (f"{publisher.server.url}/moved", "http://169.254.169.254/latest/meta-data"):
        image, _ = with_foreign_base([url], BASE, TOP)
        with pytest.raises(NetworkError, match="private address"):
            client.pull(push(registry, "win", "1", image), platform="windows/amd64", output=tmp_path / "x.tar")


def test_a_foreign_layer_that_nobody_has_is_an_error(registry, client, publisher, tmp_path):
    image, digest = with_foreign_base([f"{publisher.server.url}/gone"], BASE, TOP)
    with pytest.raises(NotFound, match=digest):
        client.pull(push(registry, "win", "1", image), platform="windows/amd64", output=tmp_path / "x.tar")


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci-dir"])
def test_a_skipped_foreign_layer_is_named_but_not_held_and_that_is_said(
    registry, client, events, publisher, tmp_path, form
):
    image, digest = with_foreign_base([publisher.url], BASE, TOP)
    name = push(registry, "win", "1", image)
    select = Selection(foreign_layers=ForeignLayers.SKIP)
    done = client.pull(name, platform="windows/amd64", format=form, select=select, output=tmp_path / "x")
    held = (
        {path.name for path in (tmp_path / "x").rglob("*")}
        if form == "oci-dir"
        else {Path(member).name for member in members(done.path)}
    )
    assert digest[7:] not in held
    assert image.root.digest[7:] in held
    assert (publisher.asked, registry.blobs_asked().count(digest)) == ([], 0)
    assert "1 foreign layers are left out" in warnings(events)
    if form == "docker-archive":
        (entry,) = json.loads(members(done.path)["manifest.json"])
        assert len(entry["Layers"]) == 2


def test_a_legacy_archive_cannot_leave_a_layer_out(registry, client, publisher, tmp_path):
    image, _ = with_foreign_base([publisher.url], BASE, TOP)
    name = push(registry, "win", "1", image)
    select = Selection(foreign_layers=ForeignLayers.SKIP)
    with pytest.raises(Unsupported, match="every layer"):
        client.pull(name, platform="windows/amd64", format="docker-legacy", select=select, output=tmp_path / "x.tar")


def test_foreign_layers_are_refused_on_request(registry, client, publisher, tmp_path):
    image, digest = with_foreign_base([publisher.url], BASE, TOP)
    name = push(registry, "win", "1", image)
    select = Selection(foreign_layers=ForeignLayers.REFUSE)
    with pytest.raises(Unsupported, match=digest):
        client.pull(name, platform="windows/amd64", select=select, output=tmp_path / "x.tar")
    assert registry.blobs_asked().count(digest) == 0


def test_a_publisher_that_is_busy_is_asked_again(registry, client, publisher, tmp_path):
    image, digest = with_foreign_base([publisher.url], BASE, TOP)
    publisher.busy_for = 2
    done = client.pull(push(registry, "win", "1", image), platform="windows/amd64", output=tmp_path / "x.tar")
    assert digest_of(members(done.path)[f"blobs/sha256/{digest[7:]}"]) == digest
    # What the registry lacks it is not asked for again.
    assert registry.blobs_asked().count(digest) == 1
