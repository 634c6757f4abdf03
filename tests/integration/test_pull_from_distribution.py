"""From a real registry, by the command line."""

import json
import tarfile

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution
from tests.parts.images import OCI, artifact, busybox_image, digest_of

KINDS = ["docker-list", "oci-index", "docker-single", "oci-single"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_is_pulled_by_tag_and_by_digest(dget, registry, workplace, busybox_kinds, kind):
    by_tag = dget(registry.name(f"{kind}:1"), "-arch", "amd64")
    assert (by_tag.returncode, by_tag.stdout) == (0, f"{kind}_1_linux-amd64.tar.gz\n"), by_tag.stderr
    assert check_archive(workplace / by_tag.stdout.strip()) == [registry.name(f"{kind}:1")]
    digest = busybox_kinds[kind].root.digest
    by_digest = dget(f"{registry.name(kind)}@{digest}", "-arch", "amd64", "-o", "x.tar")
    assert by_digest.returncode == 0, by_digest.stderr
    assert check_archive(workplace / "x.tar") == [registry.name(f"{kind}:sha256-{digest[7:19]}")]


def test_another_architecture_is_pulled_by_the_originals_flag(dget, registry, workplace):
    done = dget("-arch", "arm64", registry.name("oci-index"), "1")
    assert done.stdout == "oci-index_1_linux-arm64.tar.gz\n", done.stderr
    with tarfile.open(workplace / done.stdout.strip()) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = json.load(tar.extractfile(manifest[0]["Config"]))  # type: ignore[arg-type]
    assert config["architecture"] == "arm64"


@pytest.mark.parametrize("spelling", ["arm/v7", "armhf", "linux/arm"])
def test_a_variant_is_told_in_the_name_of_the_file(dget, registry, spelling):
    done = dget("-arch", spelling, registry.name("oci-index:1"))
    assert done.stdout == "oci-index_1_linux-arm-v7.tar.gz\n", done.stderr


def test_a_platform_that_is_missing_is_listed_without_attestations(dget, registry):
    done = dget("-arch", "s390x", registry.name("docker-list:1"))
    assert done.returncode == 9
    assert "linux/amd64, linux/arm64, linux/arm/v7, linux/386\n" in done.stderr
    assert "unknown" not in done.stderr


def test_a_second_pull_asks_for_no_blob(dget, registry):
    assert dget(registry.name("oci-index:1"), "-arch", "amd64").returncode == 0
    assert len(registry.blobs_asked) == 3
    registry.forget()
    again = dget(registry.name("oci-index:1"), "-arch", "amd64")
    assert again.returncode == 0
    assert registry.blobs_asked == []
    assert [request.method for request in registry.requests] == ["HEAD"]


def test_an_image_that_shares_a_layer_fetches_the_missing_one_alone(dget, registry, busybox_kinds):
    assert dget(registry.name("oci-single:1"), "-arch", "amd64").returncode == 0
    registry.forget()
    assert dget(registry.name("sharing:1"), "-arch", "amd64").returncode == 0
    shared = set(busybox_kinds["oci-single"].blobs)
    assert set(registry.blobs_asked) == set(busybox_kinds["sharing"].blobs) - shared


def test_bytes_are_the_same_from_run_to_run_with_and_without_the_cache(dget, registry, workplace):
    image = registry.name("oci-index:1")
    for words in (["-o", "a.tar.gz"], ["-o", "b.tar.gz"], ["--no-cache", "-o", "c.tar.gz"]):
        assert dget(image, "-arch", "amd64", *words).returncode == 0
    assert len({digest_of((workplace / name).read_bytes()) for name in ("a.tar.gz", "b.tar.gz", "c.tar.gz")}) == 1


def test_print_tells_all_and_downloads_no_layer(dget, registry, workplace):
    done = dget("-print=true", "-arch", "amd64", registry.name("oci-index:1"))
    assert "linux/amd64, linux/arm64, linux/arm/v7, linux/386" in done.stdout
    assert registry.blobs_asked == []
    assert list(workplace.iterdir()) == []
    told = json.loads(dget("-print", "-json", "-arch", "amd64", registry.name("oci-index:1")).stdout)
    assert told["schema"] == 1
    assert len(told["layers"]) == 2
    assert told["to_download"] == sum(blob["size"] for blob in (told["config"], *told["layers"]))


def test_inspect_shows_the_config_and_raw_gives_the_registrys_bytes(dget, registry, busybox_kinds):
    shown = dget("inspect", registry.name("oci-index:1"), "-arch", "amd64")
    assert "PATH=/bin" in shown.stdout
    raw = dget("inspect", "--raw", registry.name("oci-index:1"))
    assert raw.stdout.encode() == busybox_kinds["oci-index"].root.raw


def test_tags_are_listed_in_natural_order(dget, tmp_path):
    with Distribution(tmp_path / "registry") as registry:
        image = busybox_image(OCI, "amd64")
        for tag in ("1.10", "1.9", "latest", "1.9-alpine"):
            registry.push("bb", tag, image)
        assert dget("-tags", registry.name("bb")).stdout.split() == ["1.9", "1.9-alpine", "1.10", "latest"]
        assert json.loads(dget("tags", "--json", registry.name("bb")).stdout)["tags"][0] == "1.9"


def test_several_images_get_files_of_their_own_and_a_failing_one_is_told(dget, registry, workplace):
    names = [registry.name("oci-single:1"), registry.name("missing:1"), registry.name("sharing:1")]
    done = dget(*names, "-o", "files/", "-arch", "amd64")
    assert done.returncode == 11
    assert "1 of 3 images failed" in done.stderr
    assert sorted(path.name for path in (workplace / "files").iterdir()) == [
        "oci-single_1_linux-amd64.tar.gz",
        "sharing_1_linux-amd64.tar.gz",
    ]


def test_basic_authentication_with_the_right_and_a_wrong_password(dget, tmp_path):
    with Distribution(tmp_path / "registry", users={"me": "geheim"}) as registry:
        registry.push("bb", "1", busybox_image(OCI, "amd64"), authorization="Basic bWU6Z2VoZWlt")
        image = registry.name("bb:1")
        assert dget(image).returncode == 4
        assert dget(image, "-username", "me", "-password", "falsch").returncode == 4
        assert dget(image, "-username", "me", "--password-stdin", input="geheim\n").returncode == 0


def test_nothing_but_the_path_is_on_standard_output_and_quiet_is_quiet(dget, registry):
    done = dget(registry.name("oci-single:1"), "-q", "-o", "x.tar")
    assert (done.stdout, done.stderr) == ("x.tar\n", "")


def test_an_artifact_is_refused_with_a_word(dget, registry):
    registry.push("chart", "1", artifact())
    done = dget(registry.name("chart:1"))
    assert done.returncode == 10
    assert "Helm chart" in done.stderr
