"""All that registries hold: from distribution, by the command line, into the hands of the tools that read it."""

import gzip
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.parts.distribution import Distribution, free_port
from tests.parts.images import OCI, Image, busybox_image, digest_of, layer, single
from tests.parts.images import artifact as helm_chart
from tests.parts.kinds import (
    SBOM,
    SIGNATURE,
    artifact,
    attested,
    index_of,
    nested,
    plugin,
    signature,
    wasm_module,
    with_foreign_base,
)
from tests.parts.nginx import Nginx, server
from tests.parts.oci_folder import names_in
from tests.parts.tls import CertificateAuthority

HELLO = "hello from busybox"
ARTIFACTS = {
    "chart": helm_chart(),
    "module": wasm_module(),
    "plugin": plugin(),
    "sbom": artifact(SBOM, {"sbom.json": b"{}"}),
    "files": artifact("application/vnd.example", {"a.txt": b"a", "b.txt": b"b"}),
}


def referrer_entry(image: Image, artifact_type: str) -> dict[str, Any]:
    return {
        "mediaType": image.root.media_type,
        "digest": image.root.digest,
        "size": len(image.root.raw),
        "artifactType": artifact_type,
    }


@pytest.fixture(scope="module")
def builds() -> dict[str, Image]:
    return {"amd64": busybox_image(OCI, "amd64"), "arm64": single(OCI, "arm64", [layer({"text": b"arm64"})])}


@pytest.fixture(scope="module")
def sbom(builds) -> Image:
    return artifact(SBOM, {"sbom.json": b'{"spdxVersion":"SPDX-2.3"}'}, subject=builds["amd64"].root)


@pytest.fixture(scope="module")
def signed(sbom) -> Image:
    return artifact(SIGNATURE, {"signature": b"signed"}, subject=sbom.root)


@pytest.fixture(scope="module")
def registry(tmp_path_factory, builds, sbom, signed) -> Iterator[Distribution]:
    """distribution 2.8 has no referrers API: the tags that stand in are read."""
    with Distribution(tmp_path_factory.mktemp("kinds")) as registry:
        for name, image in ARTIFACTS.items():
            registry.push(name, "1", image)
        registry.push("app", "1", attested(builds))
        registry.push("nested", "1", nested(attested({"arm64": builds["arm64"]}), nested(attested(builds))))
        for subject, one, kind in ((builds["amd64"], sbom, SBOM), (sbom, signed, SIGNATURE)):
            tag = subject.root.digest.replace(":", "-")
            registry.push("app", tag, Image(index_of([referrer_entry(one, kind)]), (one.root,), one.blobs))
        registry.push("app", f"{builds['amd64'].root.digest.replace(':', '-')}.sig", signature(builds["amd64"].root))
        yield registry


def listed(layout: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((layout / "index.json").read_bytes())["manifests"]
    return entries


def held(layout: Path) -> set[str]:
    """Digests of a folder's blobs, each of which must be what its name says."""
    blobs = list((layout / "blobs/sha256").iterdir())
    assert all(digest_of(path.read_bytes()) == f"sha256:{path.name}" for path in blobs)
    return {f"sha256:{path.name}" for path in blobs}


# Artifacts.


@pytest.mark.parametrize("name", ARTIFACTS)
def test_an_artifact_goes_through_a_file_into_another_registry_unchanged(dget, registry, skopeo, workplace, name):
    done = dget(registry.name(f"{name}:1"), "--format", "oci-archive", "-o", "x.tar")
    assert (done.returncode, done.stdout) == (0, "x.tar\n"), done.stderr
    assert "skopeo copy oci-archive:x.tar:1 …" in done.stderr
    skopeo.copy(f"oci-archive:{workplace}/x.tar:1", workplace / "copied")
    assert (workplace / "copied/manifest.json").read_bytes() == ARTIFACTS[name].root.raw
    assert {*ARTIFACTS[name].blobs.values()} <= {path.read_bytes() for path in (workplace / "copied").iterdir()}


@pytest.mark.parametrize("name", ARTIFACTS)
def test_an_artifact_asked_for_as_a_docker_archive_ends_with_10_and_a_way_out(dget, registry, workplace, name):
    done = dget(registry.name(f"{name}:1"))
    assert done.returncode == 10
    assert "--format oci-archive" in done.stderr
    assert list(workplace.iterdir()) == []


def test_umoci_sees_an_artifact_in_a_folder(dget, registry, workplace):
    for name in ("chart", "files"):
        done = dget(registry.name(f"{name}:1"), "--format", "oci-dir", "-o", "layout")
        assert done.returncode == 0, done.stderr
    assert names_in(workplace / "layout") == {registry.name("chart:1"), registry.name("files:1")}
    assert held(workplace / "layout") >= {*ARTIFACTS["chart"].blobs, *ARTIFACTS["files"].blobs}


def test_what_an_artifact_is_can_be_looked_at(dget, registry):
    shown = dget("inspect", registry.name("files:1"))
    assert shown.returncode == 0, shown.stderr
    assert "an artifact (application/vnd.example)" in shown.stdout
    assert "b.txt" in shown.stdout
    assert json.loads(dget("inspect", "--json", registry.name("files:1")).stdout)["config"] is None


# Foreign layers.


@dataclass(frozen=True, slots=True)
class Foreign:
    """An image whose base is at its publisher's web server alone."""

    name: str
    base: str
    publisher: Nginx
    authority: Path


@pytest.fixture
def foreign(tmp_path, registry) -> Iterator[Foreign]:
    base, top = layer({"windows": b"base" * 1000}), layer({"own": b"top"})
    (tmp_path / "web").mkdir()
    (tmp_path / "web/base").write_bytes(gzip.compress(base, 6, mtime=0))
    authority = CertificateAuthority(tmp_path / "ca")
    host = f"127.0.0.1:{free_port()}"
    site = server(
        host, f"root {tmp_path}/web;", "location /moved { return 302 /base; }", tls=authority.server("127.0.0.1")
    )
    with Nginx(tmp_path / "nginx", site) as publisher:
        image, digest = with_foreign_base([f"https://{host}/moved"], base, top)
        registry.push("windows", "1", image)
        yield Foreign(registry.name("windows:1"), digest, publisher, authority.file)


def blobs_of(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {f"sha256:{Path(name).name}" for name in tar.getnames() if name.startswith("blobs/")}


def test_a_foreign_layer_is_fetched_from_its_publisher_without_credentials(dget, foreign, workplace):
    done = dget(
        *(foreign.name, "--platform", "windows/amd64", "-o", "x.tar", "--ca-file", foreign.authority),
        *("-username", "me", "-password", "secret"),
    )
    assert done.returncode == 0, done.stderr
    assert foreign.base in blobs_of(workplace / "x.tar")
    assert [asked.path for asked in foreign.publisher.asked] == ["/moved", "/base"]
    assert all(asked.authorization == "" for asked in foreign.publisher.asked)


def test_a_foreign_layer_is_left_out_or_refused_on_request(dget, foreign, workplace):
    words = (foreign.name, "--platform", "windows/amd64", "-o", "x.tar", "--foreign-layers")
    refused = dget(*words, "refuse")
    assert (refused.returncode, list(workplace.iterdir())) == (10, [])
    assert "--foreign-layers" in refused.stderr
    skipped = dget(*words, "skip")
    assert skipped.returncode == 0, skipped.stderr
    assert "left out" in skipped.stderr
    assert foreign.base not in blobs_of(workplace / "x.tar")
    assert foreign.publisher.asked == []


def test_a_publisher_that_is_not_trusted_is_not_asked_for_the_layer(dget, foreign, workplace):
    done = dget(foreign.name, "--platform", "windows/amd64", "-o", "x.tar")
    assert done.returncode == 5
    assert not (workplace / "x.tar").exists()


# Attestations and referrers.


def test_attestations_are_found_in_the_images_own_index(dget, registry, builds, containerd, podman, workplace, skopeo):
    name = registry.name("app:1")
    done = dget(name, "-arch", "amd64", "--format", "oci-archive", "--with-attestations", "-o", "x.tar")
    assert done.returncode == 0, done.stderr
    listed_ones = json.loads(skopeo.raw(f"oci-archive:{workplace}/x.tar:1"))["manifests"]
    assert listed_ones[0]["digest"] == builds["amd64"].root.digest
    assert listed_ones[1]["annotations"]["vnd.docker.reference.digest"] == builds["amd64"].root.digest
    skopeo.copy(f"oci-archive:{workplace}/x.tar:1", workplace / "all", "--override-arch", "amd64")
    for loader in (containerd, podman):
        loader.load(workplace / "x.tar")
        assert loader.run(name) == HELLO
        loader.remove(name)


def test_referrers_are_kept_in_a_folder_as_tools_find_them(dget, registry, builds, sbom, signed, workplace, skopeo):
    name = registry.name("app:1")
    done = dget(name, "-arch", "amd64", "--format", "oci-dir", "--with-referrers", "-o", "layout")
    assert done.returncode == 0, done.stderr
    layout = workplace / "layout"
    image, *beside = listed(layout)
    assert image["digest"] == builds["amd64"].root.digest
    # oras: nameless entries, linked by the subject of their manifests.
    assert [(one["digest"], one["artifactType"]) for one in beside[:2]] == [
        (sbom.root.digest, SBOM),
        (signed.root.digest, SIGNATURE),
    ]
    assert {*builds["amd64"].blobs, *sbom.blobs, *signed.blobs} <= held(layout)
    # cosign and skopeo: by tag.
    tag = f"{builds['amd64'].root.digest.replace(':', '-')}.sig"
    skopeo.copy(f"oci:{layout}:{registry.name('app')}:{tag}", workplace / "signature")
    assert (workplace / "signature/manifest.json").read_bytes() == signature(builds["amd64"].root).root.raw
    assert names_in(layout) == {name, f"{registry.name('app')}:{tag}"}


def test_an_image_with_referrers_beside_it_is_taken_by_the_commands_that_the_summary_says(
    dget, registry, workplace, containerd, podman
):
    name = registry.name("app:1")
    done = dget(name, "-arch", "amd64", "--format", "oci-archive", "--with-referrers", "-o", "x.tar")
    assert "podman pull oci-archive:x.tar:1" in done.stderr
    assert "images import --no-unpack x.tar" in done.stderr
    containerd.load(workplace / "x.tar", "--no-unpack")
    assert name in containerd.images()
    for one in containerd.images():
        containerd.remove(one)
    podman.pull(f"oci-archive:{workplace}/x.tar:1")
    assert podman.run(name) == HELLO
    podman.remove(name)


# Platforms.


def test_each_platform_gets_a_docker_archive_and_all_share_an_oci_archive(
    dget, registry, builds, workplace, containerd, podman, skopeo
):
    name = registry.name("app:1")
    done = dget(name, "--platform", "amd64,arm64")
    assert done.stdout.split() == ["app_1_linux-amd64.tar.gz", "app_1_linux-arm64.tar.gz"], done.stderr
    for wish in (["--platform", "amd64", "--platform", "arm64"], ["--platform", "all"], ["--platform", "linux/*"]):
        done = dget(name, *wish, "--format", "oci-archive", "-o", "x.tar")
        assert done.stdout == "x.tar\n", done.stderr
        for platform, image in builds.items():
            skopeo.copy(f"oci-archive:{workplace}/x.tar:1", workplace / "one", "--override-arch", platform)
            assert (workplace / "one/manifest.json").read_bytes() == image.root.raw
    for options in ([], ["--all-platforms"]):
        containerd.load(workplace / "x.tar", *options)
        assert containerd.run(name) == HELLO
        containerd.remove(name)
    podman.load(workplace / "x.tar")
    assert podman.run(name) == HELLO
    podman.remove(name)


def test_several_platforms_in_one_docker_archive_are_a_mistake_with_a_way_out(dget, registry, workplace):
    done = dget(registry.name("app:1"), "--platform", "all", "-o", "x.tar")
    assert done.returncode == 2
    assert "--format oci-archive" in done.stderr
    assert list(workplace.iterdir()) == []


def test_several_results_of_one_image_are_one_json_object(dget, registry):
    done = dget(registry.name("app:1"), "--platform", "all", "--json")
    results = json.loads(done.stdout)["results"]
    assert [one["platform"] for one in results] == ["linux/amd64", "linux/arm64"]


def test_an_artifact_has_no_files_to_list(dget, registry):
    done = dget("ls", registry.name("chart:1"))
    assert done.returncode == 10
    assert "a Helm chart" in done.stderr


def test_the_plan_of_several_platforms_names_each(dget, registry, workplace):
    done = dget(registry.name("app:1"), "--platform", "all", "-print")
    assert done.stdout.count("platform  linux/") == 2
    assert list(workplace.iterdir()) == []
