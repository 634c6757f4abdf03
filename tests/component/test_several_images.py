"""Several images at once: into one archive, or into files of their own."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.archive import check_archive
from dget.cli.main import main
from dget.errors import NotFound, Partial, UsageError
from dget.serve import Answer
from tests.component.conftest import noise, until
from tests.component.test_kinds import listed, members, push
from tests.parts.images import OCI, digest_of, index, layer, single

BASE = noise(1, 300_000)
TAGS = ("1", "2", "3")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path, registry):
    """Where the command line works."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGET_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("DGET_PLATFORM", "linux/amd64")


@pytest.fixture
def images(registry) -> list[str]:
    """Three that share their base."""
    for place, tag in enumerate(TAGS):
        registry.image(f"team{tag}/app", tag, BASE, noise(10 + place, 2_000))
    return [registry.name(f"team{tag}/app:{tag}") for tag in TAGS]


# One archive.


@pytest.mark.parametrize("form", ["docker-archive", "docker-legacy", "oci-archive"])
@pytest.mark.parametrize("compress", ["none", "gzip", "zstd"])
def test_one_archive_holds_all_images_and_a_shared_layer_once(registry, client, images, tmp_path, form, compress):
    if form == "docker-legacy":
        images = [
            push(
                registry, f"real{tag}", tag, single(OCI, "amd64", [layer({"base": BASE}), layer({"own": tag.encode()})])
            )
            for tag in TAGS
        ]
    done = client.pull_many(images, platform="amd64", output=tmp_path / "x", format=form, compress=compress)
    asked = registry.blobs_asked()
    assert len(asked) == len(set(asked))
    assert [one.name for one in done.images] == images
    assert done.size == (tmp_path / "x").stat().st_size < 1.2 * len(BASE)
    if compress == "none":
        names = (
            [one["annotations"]["io.containerd.image.name"] for one in listed(done.path)]
            if form != "docker-legacy"
            else check_archive(done.path)
        )
        assert sorted(names) == images


@pytest.mark.parametrize("cached", [True, False])
def test_the_order_of_arrival_and_the_cache_change_no_byte(images, settings, tmp_path, cached):
    with Client(settings if cached else Settings(cache=False, environment={})) as client:
        first, second = (
            client.pull_many(images, platform="amd64", output=tmp_path / name).path.read_bytes() for name in "ab"
        )
    assert first == second


def test_each_blob_is_fetched_from_the_repository_that_holds_it(registry, client, tmp_path):
    # A registry tells its repositories apart; the server of these tests does not.
    own: dict[str, str] = {}
    for tag in TAGS:
        image = single(OCI, "amd64", [layer({"own": tag.encode() * 100})])
        own |= dict.fromkeys(image.blobs, f"team{tag}/")
        push(registry, f"team{tag}/app", tag, image)
    names = [registry.name(f"team{tag}/app:{tag}") for tag in TAGS]
    client.pull_many(names, platform="amd64", output=tmp_path / "x.tar")
    asked = [path for _, path, _ in registry.asked if "/blobs/" in path]
    assert {path.rpartition("/")[2] for path in asked} == set(own)
    assert all(own[path.rpartition("/")[2]] in path for path in asked)


def test_a_stream_takes_several_images(client, images, tmp_path):
    stream = io.BytesIO()
    done = client.pull_many(images, platform="amd64", output=stream)
    (tmp_path / "x.tar").write_bytes(stream.getvalue())
    assert sorted(check_archive(tmp_path / "x.tar")) == [one.name for one in done.images] == images


def test_an_oci_archive_holds_several_platforms_of_several_images(registry, client, tmp_path):
    builds = {arch: single(OCI, arch, [layer({"own": arch.encode()})]) for arch in ("amd64", "arm64")}
    names = [push(registry, name, "1", index(OCI, builds)) for name in ("app", "copy")]
    done = client.pull_many(names, platform="all", format="oci-archive", output=tmp_path / "x.tar")
    assert [one.platform for one in done.images] == ["linux/amd64, linux/arm64"] * 2
    assert [one["annotations"]["io.containerd.image.name"] for one in listed(done.path)] == names
    with pytest.raises(UsageError, match="holds one platform"):
        client.pull_many(names, platform="all", output=tmp_path / "y.tar")
    assert not (tmp_path / "y.tar").exists()


def test_one_image_under_two_references_is_there_once_with_both_names(registry, client, tmp_path):
    image = single(OCI, "amd64", [layer({"x": b"x"})])
    names = [push(registry, name, "1", image) for name in ("app", "copy")]
    done = client.pull_many([*names, names[0]], platform="amd64", output=tmp_path / "x.tar")
    (entry,) = json.loads(members(done.path)["manifest.json"])
    assert entry["RepoTags"] == names


def test_two_images_of_one_name_are_refused_and_nothing_is_written(registry, client, tmp_path):
    one, two = (registry.image("app", "1", noise(place, 100)) for place in (1, 2))
    names = [registry.name(f"app:1@{digest}") for digest in (one, two)]
    with pytest.raises(UsageError, match="two images of one name"):
        client.pull_many(names, platform="amd64", output=tmp_path / "x.tar")
    assert list(tmp_path.glob("x*")) == []


def test_an_archive_that_is_there_is_kept_on_request(registry, client, images, tmp_path):
    (tmp_path / "x.tar").write_bytes(b"mine")
    done = client.pull_many(images, platform="amd64", output=tmp_path / "x.tar", clobber=False)
    assert done.kept
    assert (tmp_path / "x.tar").read_bytes() == b"mine"
    assert digest_of(BASE) not in registry.blobs_asked()


@pytest.mark.parametrize("output", [None, "folder/"])
def test_one_archive_needs_a_file_name(client, images, output):
    with pytest.raises(UsageError, match="one archive"):
        client.pull_many(images, platform="amd64", output=output)


def test_the_command_line_writes_one_archive_where_a_file_is_named(images, tmp_path, capsys):
    assert main([*images, "-o", "stack.tar.gz"]) == 0
    told = capsys.readouterr()
    assert told.out == "stack.tar.gz\n"
    assert all(image in told.err for image in images)
    with tarfile.open(tmp_path / "stack.tar.gz") as tar:
        assert len(json.load(tar.extractfile("manifest.json"))) == 3  # type: ignore[arg-type]


# Files of their own.


@pytest.mark.parametrize("options", [[], ["-o", "out/"], ["-o", "out", "--split-by-image"]])
def test_otherwise_each_image_gets_a_file(images, tmp_path, options):
    assert main([*images, *options]) == 0
    folder = tmp_path / "out" if options else tmp_path
    assert sorted(path.name for path in folder.glob("app*")) == [f"app_{tag}_linux-amd64.tar.gz" for tag in TAGS]


def test_images_of_equal_file_names_get_longer_ones(registry, tmp_path):
    names = [registry.name(f"{team}/app:1") for team in "ab"]
    for place, team in enumerate("ab"):
        registry.image(f"{team}/app", "1", noise(place, 100))
    registry.image("other", "1", noise(3, 100))
    assert main([*names, registry.name("other:1"), "-o", "out/"]) == 0
    host = registry.server.address.replace(":", "-")
    found = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert set(found) == {
        f"{host}-a-app_1_linux-amd64.tar.gz",
        f"{host}-b-app_1_linux-amd64.tar.gz",
        "other_1_linux-amd64.tar.gz",
    }
    for name, team in zip(names, "ab", strict=True):
        assert check_archive(found[f"{host}-{team}-app_1_linux-amd64.tar.gz"]) == [name]


def test_a_name_that_is_none_keeps_no_other_image_from_its_file(images, tmp_path, capsys):
    assert main([*images, "BAD:1", "-o", "out/"]) == 11
    assert len(list((tmp_path / "out").iterdir())) == len(images)
    assert "1 of 4 images failed: BAD:1" in capsys.readouterr().err


def test_images_that_no_name_sets_apart_are_refused_before_anything_is_fetched(registry, tmp_path, capsys):
    one, two = (registry.image("app", "1", noise(place, 100)) for place in (1, 2))
    assert main([registry.name(f"app:1@{one}"), registry.name(f"app:1@{two}"), "--fail-fast"]) == 2
    assert "would go into one file" in capsys.readouterr().err
    assert registry.asked == []


# Lists.


def test_images_come_from_a_list_and_from_the_command_line(images, tmp_path):
    (tmp_path / "images.txt").write_text(f"# ours\n{images[1]}\n{images[2]}  # the last\n{images[0]}\n")
    assert main([images[0], "-f", "images.txt", "-o", "x.tar"]) == 0
    assert sorted(check_archive(tmp_path / "x.tar")) == images


def test_a_list_alone_is_enough_and_several_may_be_given(images, tmp_path):
    (tmp_path / "compose.yaml").write_text(f"services:\n  a:\n    image: {images[0]}\n")
    (tmp_path / "pod.yaml").write_text(
        f"kind: Pod\nspec:\n  containers:\n  - image: {images[1]}\n  initContainers:\n  - image: {images[2]}\n"
    )
    assert main(["-f", "compose.yaml", "--file", "pod.yaml", "-o", "x.tar"]) == 0
    assert sorted(check_archive(tmp_path / "x.tar")) == images


def test_a_list_may_stand_on_standard_input(images, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(images).encode())))
    assert main(["-f", "-", "-o", "x.tar"]) == 0
    assert sorted(check_archive(tmp_path / "x.tar")) == images


def test_a_list_that_cannot_be_read_is_a_mistake(registry, capsys):
    assert main(["-f", "none.txt"]) == 2
    assert "none.txt" in capsys.readouterr().err
    assert registry.asked == []


def test_names_for_an_image_that_nobody_asked_for_are_a_mistake(client, images, tmp_path):
    with pytest.raises(UsageError, match="none of the images"):
        client.pull_many(images, output=tmp_path / "x.tar", names={"other:1": ["app:1"]})
    with pytest.raises(UsageError, match="one text"):
        client.pull(images[0], output=tmp_path / "x.tar", names="app:1")


# Failures.


def test_an_image_that_cannot_be_had_is_left_out_of_the_archive_and_told(registry, images, tmp_path, capsys):
    gone = registry.name("gone:1")
    assert main([images[0], gone, images[1], "-o", "x.tar"]) == 11
    told = capsys.readouterr()
    assert told.out == "x.tar\n"
    assert f"1 of 3 images failed: {gone}" in told.err
    assert sorted(check_archive(tmp_path / "x.tar")) == images[:2]


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("fault", ["lacking", "damaged"])
def test_an_image_whose_layer_cannot_be_had_is_left_out_too(registry, settings, images, tmp_path, fault, cache):
    own = digest_of(noise(11, 2_000))

    def broken(request, given):
        if own not in request.url:
            return given
        if cache:
            # What the image shares with the others is there before it fails.
            shared = tmp_path / "cache/blobs/sha256" / digest_of(BASE).partition(":")[2]
            until(shared.exists)
        if fault == "lacking":
            return Answer(status=404)
        return replace(given, body=[bytes(2_000)])

    registry.fault = broken
    with Client(replace(settings, cache=cache)) as client:
        done = client.pull_many(images, platform="amd64", output=tmp_path / "x.tar")
    others = [images[0], images[2]]
    assert [one.name for one in done.images] == sorted(check_archive(tmp_path / "x.tar")) == others
    assert [(image, error.exit_status) for image, error in done.failures] == [
        (images[1], 3 if fault == "lacking" else 6)
    ]
    assert {path.name for path in tmp_path.glob("x*")} == {"x.tar"}
    if cache:
        assert registry.blobs_asked().count(digest_of(BASE)) == 1


def test_a_layer_that_all_share_and_nobody_has_ends_it(registry, client, images, tmp_path):
    registry.fault = lambda request, given: Answer(status=404) if digest_of(BASE) in request.url else given
    with pytest.raises(Partial) as caught:
        client.pull_many(images, platform="amd64", output=tmp_path / "x.tar")
    assert [name for name, _ in caught.value.failures] == images
    assert list(tmp_path.glob("x*")) == []


def test_scripts_are_told_what_is_done_and_what_failed(registry, images, capsys):
    gone = registry.name("gone:1")
    assert main([images[0], gone, images[1], "-o", "x.tar", "--json"]) == 11
    told = json.loads(capsys.readouterr().out)
    (result,) = told["results"]
    assert [one["name"] for one in result["images"]] == images[:2]
    assert [(one["image"], one["code"]) for one in told["error"]["failures"]] == [(gone, "not-found")]
    assert result["failures"] == told["error"]["failures"]


def test_nothing_is_written_where_all_images_fail(registry, client, tmp_path):
    names = [registry.name(f"gone:{tag}") for tag in TAGS]
    with pytest.raises(Partial) as caught:
        client.pull_many(names, output=tmp_path / "x.tar")
    assert [name for name, _ in caught.value.failures] == names
    assert list(tmp_path.glob("x*")) == []


def test_the_first_failure_ends_all_on_request(registry, client, images, tmp_path, capsys):
    gone = registry.name("gone:1")
    with pytest.raises(NotFound):
        client.pull_many([images[0], gone, images[1]], output=tmp_path / "x.tar", fail_fast=True)
    assert main([gone, images[0], "-o", "x.tar", "--fail-fast"]) == 3
    assert main([gone, images[0], "-o", "out/", "--fail-fast"]) == 3
    assert digest_of(BASE) not in registry.blobs_asked()
    assert list(tmp_path.glob("x*")) == []
    assert not Path("out").exists()
