"""`--name`: images get other names in their archives."""

import json
from pathlib import Path

import pytest

from dget.archive import check_archive
from dget.cli.main import main
from dget.errors import UsageError
from tests.component.conftest import noise
from tests.component.test_kinds import listed, members, push
from tests.parts.images import OCI, artifact, index, layer, single

NEW, OTHER = "registry.example/team/web:2", "docker.io/library/web:latest"
FULL_NAME, REF_NAME = "io.containerd.image.name", "org.opencontainers.image.ref.name"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGET_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("DGET_PLATFORM", "linux/amd64")


@pytest.fixture
def image(registry) -> str:
    return push(registry, "app", "1", single(OCI, "amd64", [layer({"x": b"x"})]))


def names_in(path: Path) -> list[str]:
    return [entry["annotations"][FULL_NAME] for entry in listed(path)]


@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy", "oci-archive", "oci-dir"])
def test_the_given_names_take_the_place_of_its_own_in_every_format(image, tmp_path, form):
    assert main([image, "--name", NEW, "--name", "web", "--format", form, "-o", "x"]) == 0
    if form == "oci-dir":
        entries = json.loads((tmp_path / "x/index.json").read_bytes())["manifests"]
        assert [entry["annotations"][FULL_NAME] for entry in entries] == [NEW, OTHER]
    elif form == "oci-archive":
        assert names_in(tmp_path / "x") == [NEW, OTHER]
    else:
        (entry,) = json.loads(members(tmp_path / "x")["manifest.json"])
        assert entry["RepoTags"] == [NEW, OTHER]


def test_one_new_name_is_found_by_its_tag(image, client, tmp_path):
    done = client.pull(image, platform="amd64", names=[NEW], output=tmp_path / "x.tar")
    assert listed(done.path)[0]["annotations"][REF_NAME] == "2"
    assert (done.name, done.names, done.image) == (NEW, (NEW,), image)


def test_all_platforms_of_an_image_get_the_name(registry, client, tmp_path):
    builds = {arch: single(OCI, arch, [layer({"own": arch.encode()})]) for arch in ("amd64", "arm64")}
    image = push(registry, "app", "1", index(OCI, builds))
    client.pull(image, platform="all", names=[NEW], format="oci-archive", output=tmp_path / "x.tar")
    assert names_in(tmp_path / "x.tar") == [NEW]
    for done in client.pull_platforms(image, platform="all", names=[NEW], output=f"{tmp_path}/each/"):
        assert check_archive(done.path) == [NEW]


def test_an_artifact_gets_it_too(registry, client, tmp_path):
    chart = push(registry, "chart", "1", artifact())
    client.pull(chart, names=[NEW], format="oci-archive", output=tmp_path / "x.tar")
    assert names_in(tmp_path / "x.tar") == [NEW]


@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy", "oci-archive"])
def test_a_file_is_converted_under_another_name_and_keeps_its_digest(image, client, tmp_path, form):
    first = client.pull(image, platform="amd64", output=tmp_path / "x.tar", format=form)
    second = client.pull(f"{tmp_path}/x.tar", platform="amd64", names=[NEW], output=tmp_path / "y.tar")
    assert check_archive(tmp_path / "y.tar") == [NEW]
    if form != "docker-legacy":
        assert second.digest == first.digest


def test_what_is_pinned_by_digest_is_found_by_it_under_the_new_name_and_in_a_copy(registry, client, image, tmp_path):
    digest = client.plan(image, platform="amd64").root_digest
    pinned = f"{image}@{digest}"
    done = client.pull(pinned, platform="amd64", names=[NEW], output=tmp_path / "x.tar")
    by_digest = f"registry.example/team/web@{digest}"
    assert done.names == (NEW, by_digest)
    assert names_in(tmp_path / "x.tar") == [NEW, by_digest]
    again = client.pull(str(tmp_path / "x.tar"), output=tmp_path / "y.tar", names=["moved:3"])
    assert again.names == ("docker.io/library/moved:3", f"docker.io/library/moved@{digest}")
    # Docker's documents hold no digests.
    legacy = client.pull(pinned, platform="amd64", format="docker-legacy", output=tmp_path / "z.tar")
    assert legacy.names == (image,)


def test_the_plan_the_summary_and_json_say_the_names(image, capsys):
    words = [image, "--name", NEW, "--name", "web"]
    assert main([*words, "-print"]) == 0
    assert f"image     {NEW}\n          {OTHER}\n" in capsys.readouterr().out
    assert main([*words, "-o", "x.tar"]) == 0
    said = capsys.readouterr().err
    assert f"image   {NEW}  linux/amd64\n        {OTHER}\n" in said
    assert f"skopeo copy docker-archive:x.tar:{NEW} …" in said
    for more in (["-print"], ["-o", "x.tar"]):
        assert main([*words, *more, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["name"], told["names"], told["image"]) == (NEW, [NEW, OTHER], image)


# Several images.


@pytest.fixture
def two(registry) -> list[str]:
    return [push(registry, name, "1", single(OCI, "amd64", [layer({"own": name.encode()})])) for name in ("one", "two")]


def test_several_images_get_one_name_each_in_their_order(two, tmp_path, capsys):
    words = [*two, "--name", "a:1", "--name", "b:2"]
    assert main([*words, "-o", "x.tar"]) == 0
    assert check_archive(tmp_path / "x.tar") == ["docker.io/library/a:1", "docker.io/library/b:2"]
    assert "image   docker.io/library/a:1" in capsys.readouterr().err
    assert main([*words, "-o", "each/"]) == 0
    assert check_archive(tmp_path / "each/one_1_linux-amd64.tar.gz") == ["docker.io/library/a:1"]
    assert check_archive(tmp_path / "each/two_1_linux-amd64.tar.gz") == ["docker.io/library/b:2"]


def test_two_images_that_would_clash_go_into_one_file_once_one_is_renamed(registry, client, tmp_path):
    digests = [registry.image("app", "1", noise(place, 100)) for place in (1, 2)]
    old, new = (registry.name(f"app:1@{digest}") for digest in digests)
    done = client.pull_many(
        [old, new], names={old: [registry.name("app:old")]}, platform="amd64", output=tmp_path / "x.tar"
    )
    assert [one.name for one in done.images] == [registry.name("app:old"), registry.name("app:1")]


# Refusals.


@pytest.mark.parametrize(
    ("names", "more", "said"),
    [
        (["a:1"], ["-o", "x.tar"], " 1 name with --name"),
        (["a:1", "b:1", "c:1"], ["-o", "x/"], " 3 names with --name"),
        (["a:1", "b:1", "c:1"], ["-print"], " 3 names with --name"),
        (["a:1", "a:1"], ["-o", "x.tar"], "two images of one name"),
    ],
)
def test_names_that_do_not_go_with_several_images_are_refused(two, tmp_path, capsys, names, more, said):
    words = [word for name in names for word in ("--name", name)]
    assert main([*two, *words, *more]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "hint: " in told
    assert list(tmp_path.glob("x*")) == []


@pytest.mark.parametrize(
    ("name", "more"),
    [(f"a@sha256:{'0' * 64}", []), ("A:1", []), ("a:1", ["--format", "rootfs"])],
)
def test_what_is_no_name_and_a_format_without_names_are_refused(registry, image, tmp_path, capsys, name, more):
    registry.asked.clear()
    for last in (["-o", "x"], ["-print"]):
        assert main([image, "--name", name, *more, *last]) == 2
        assert "hint: " in capsys.readouterr().err
    assert registry.asked == []
    assert list(tmp_path.glob("x*")) == []


def test_a_program_is_refused_the_same(client, image, tmp_path):
    with pytest.raises(UsageError, match="no digest"):
        client.pull(image, names=[f"a@sha256:{'0' * 64}"], output=tmp_path / "x.tar")
