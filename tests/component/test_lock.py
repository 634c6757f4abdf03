"""`--lock`: what tags stood for is written down, and pulled again."""

import json
from pathlib import Path

import pytest

from dget import Client, Settings
from dget.archive import check_archive
from dget.cli.main import main
from dget.config.lock_file import LockFile
from dget.errors import NotFound, StorageError
from dget.model import Digest, Reference
from tests.component.conftest import noise, with_status
from tests.component.test_kinds import listed, push
from tests.parts.images import OCI, digest_of, index, layer, single


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGET_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("DGET_PLATFORM", "linux/amd64")


def locked(path: str = "images.lock") -> dict[str, str]:
    found: dict[str, str] = json.loads(Path(path).read_bytes())["images"]
    return found


def moved(registry, repository: str = "app", tag: str = "1", seed: int = 1) -> str:
    """The tag names another image from now on; its digest."""
    return str(registry.image(repository, tag, noise(seed, 100)))


def test_a_tag_is_written_down_and_what_it_named_then_is_pulled_again(registry, tmp_path, capsys):
    first = moved(registry, seed=1)
    image = registry.name("app:1")
    assert main([image, "--lock", "images.lock", "-o", "x.tar"]) == 0
    assert locked() == {image: first}
    assert moved(registry, seed=2) != first
    assert main([image, "--lock", "images.lock", "-o", "y.tar", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert (told["digest"], told["names"]) == (first, [image])
    # The name stays the tag's, so the archive is the same to the byte.
    assert Path("y.tar").read_bytes() == Path("x.tar").read_bytes()
    assert locked() == {image: first}


def test_a_tag_that_is_left_out_is_latest(registry, client, tmp_path):
    first = moved(registry, tag="latest", seed=1)
    lock = tmp_path / "images.lock"
    client.pull(registry.name("app"), platform="amd64", lock=lock, output=tmp_path / "x.tar")
    assert locked() == {registry.name("app:latest"): first}
    moved(registry, tag="latest", seed=2)
    done = client.pull(registry.name("app"), platform="amd64", lock=lock, output=f"{tmp_path}/out/")
    assert (done.digest, done.name) == (first, registry.name("app:latest"))
    assert done.path.name == "app_latest_linux-amd64.tar.gz"


def test_one_digest_holds_for_all_platforms(registry, client, tmp_path):
    builds = {arch: single(OCI, arch, [layer({"own": arch.encode()})]) for arch in ("amd64", "arm64")}
    whole = index(OCI, builds)
    image = push(registry, "app", "1", whole)
    lock = tmp_path / "images.lock"
    client.pull(image, platform="amd64", lock=lock, output=tmp_path / "x.tar")
    assert locked() == {image: whole.root.digest}
    push(registry, "app", "1", single(OCI, "amd64", [layer({"own": b"new"})]))
    client.pull(image, platform="all", lock=lock, format="oci-archive", output=tmp_path / "y.tar")
    done = client.pull_platforms(image, platform="all", lock=lock, output=f"{tmp_path}/each/")
    assert [one.digest for one in done] == [build.root.digest for build in builds.values()]
    (entry,) = listed(tmp_path / "y.tar")
    assert entry["annotations"]["io.containerd.image.name"] == image


@pytest.mark.parametrize("output", ["stack.tar", "each/"])
def test_lists_are_locked_and_an_image_that_the_lock_lacks_is_added(registry, tmp_path, output):
    digests = {registry.name(f"{name}:1"): moved(registry, name, seed=place) for place, name in enumerate("ab")}
    Path("images.txt").write_text("\n".join(digests))
    assert main(["-f", "images.txt", "--lock", "images.lock", "-o", output]) == 0
    assert locked() == digests
    for place, name in enumerate("ab"):
        moved(registry, name, seed=place + 10)
    digests[registry.name("c:1")] = moved(registry, "c", seed=20)
    assert main(["-f", "images.txt", registry.name("c:1"), "--lock", "images.lock", "-o", output]) == 0
    assert locked() == digests
    if output == "stack.tar":
        assert {one["digest"] for one in listed(tmp_path / output)} == set(digests.values())
        assert sorted(check_archive(tmp_path / output)) == sorted(digests)


@pytest.mark.parametrize("more", [[], ["b:1"]])
def test_what_another_dget_locks_meanwhile_is_what_is_pulled(registry, more):
    first, _ = moved(registry, seed=1), moved(registry, seed=2)
    images = [registry.name(name) for name in ("app:1", *more)]
    for name in more:
        moved(registry, name.partition(":")[0], seed=3)

    def add_first(request, given):
        if "app/manifests/1" in request.url:
            LockFile(Path("images.lock")).add(Reference.parse(images[0]), Digest.parse(first))
        return given

    registry.fault = add_first
    assert main([*images, "--lock", "images.lock", "-o", "x.tar", "--format", "oci-archive"]) == 0
    assert locked()[images[0]] == first
    assert {one["digest"] for one in listed(Path("x.tar"))} == set(locked().values())


def test_what_cannot_be_had_is_not_locked(registry):
    first = moved(registry)
    assert main([registry.name("app:1"), registry.name("gone:1"), "--lock", "images.lock", "-o", "x.tar"]) == 11
    assert locked() == {registry.name("app:1"): first}


def test_what_says_its_digest_itself_and_files_are_not_written_down(registry, tmp_path):
    digest = moved(registry)
    assert main([f"{registry.name('app')}@{digest}", "--lock", "images.lock", "-o", "x.tar"]) == 0
    assert main(["x.tar", "--lock", "images.lock", "-o", "y.tar"]) == 0
    assert not Path("images.lock").exists()


def test_a_digest_that_is_asked_for_goes_before_the_lock(registry, client, tmp_path):
    lock = tmp_path / "images.lock"
    first = moved(registry, seed=1)
    client.pull(registry.name("app:1"), platform="amd64", lock=lock, output=tmp_path / "x.tar")
    second = moved(registry, seed=2)
    done = client.pull(registry.name(f"app:1@{second}"), platform="amd64", lock=lock, output=tmp_path / "y.tar")
    assert done.digest == second
    assert locked() == {registry.name("app:1"): first}


def test_a_plan_shows_what_is_locked_and_writes_nothing(registry, client, tmp_path):
    lock = tmp_path / "images.lock"
    first = moved(registry, seed=1)
    image = registry.name("app:1")
    assert client.plan(image, platform="amd64", lock=lock).root_digest == first
    assert not lock.exists()
    client.pull(image, platform="amd64", lock=lock, output=tmp_path / "x.tar")
    moved(registry, seed=2)
    assert client.plan(image, platform="amd64", lock=lock).root_digest == first


def test_it_is_written_before_the_bytes_come(registry, client, tmp_path):
    layer = digest_of(noise(1, 100))
    first = moved(registry, seed=1)
    with pytest.raises(StorageError):
        client.pull(registry.name("app:1"), platform="amd64", lock=tmp_path / "none/images.lock", output="x.tar")
    assert layer not in registry.blobs_asked()
    registry.fault = lambda request, given: with_status(given, 404) if request.url.endswith(layer) else given
    with pytest.raises(NotFound):
        client.pull(registry.name("app:1"), platform="amd64", lock="images.lock", output="x.tar")
    assert locked() == {registry.name("app:1"): first}
    assert not Path("x.tar").exists()


def test_offline_takes_what_is_locked_and_not_what_the_tag_named_last(registry, tmp_path):
    first = moved(registry, seed=1)
    image = registry.name("app:1")
    settings = {"cache_dir": tmp_path / "cache", "environment": {}}
    with Client(Settings(**settings)) as client:
        client.pull(image, platform="amd64", lock="images.lock", output="x.tar")
        second = moved(registry, seed=2)
        client.pull(image, platform="amd64", output="y.tar")
    registry.asked.clear()
    with Client(Settings(**settings, offline=True)) as client:
        assert client.pull(image, platform="amd64", lock="images.lock", output="z.tar").digest == first
        assert client.pull(image, platform="amd64", output="z.tar").digest == second
        # What the cache says is written down too.
        assert client.pull(image, platform="amd64", lock="other.lock", output="z.tar").digest == second
        assert locked("other.lock") == {image: second}
    assert registry.asked == []


def test_a_digest_that_is_gone_says_that_the_lock_wants_it(registry, client, tmp_path):
    moved(registry, seed=1)
    image = registry.name("app:1")
    gone = f"sha256:{'0' * 64}"
    Path("images.lock").write_text(json.dumps({"version": 1, "images": {image: gone}}))
    with pytest.raises(NotFound) as caught:
        client.pull(image, platform="amd64", lock="images.lock", output=tmp_path / "x.tar")
    assert gone in caught.value.message
    assert "images.lock" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("words", "count"), [(["-o", "x.tar"], 1), (["-o", "x.tar"], 2), (["-o", "x/"], 2), (["-print"], 2)]
)
@pytest.mark.parametrize(
    ("lock", "status", "said"),
    [
        ("images.lock", 2, "images.lock is no lock file"),
        ("none/images.lock", 8, "none/images.lock"),
        (".", 8, "read ."),
    ],
)
def test_a_lock_of_no_use_is_told_once_before_anything_is_asked(registry, capsys, words, count, lock, status, said):
    images = [registry.name(f"{name}:1") for name in ("app", "b")[:count]]
    for name in ("app", "b"):
        moved(registry, name)
    Path("images.lock").write_text("app:1\n")
    assert main([*images, "--lock", lock, *words]) == status
    told = capsys.readouterr().err
    assert told.count(said) == 1
    assert "hint: " in told
    assert registry.asked == []
    assert not Path("x.tar").exists()


def test_a_tag_by_its_digest_does_not_change_what_the_cache_says_of_the_tag(registry, tmp_path):
    first = moved(registry, seed=1)
    second = moved(registry, seed=2)
    settings = {"cache_dir": tmp_path / "cache", "environment": {}}
    with Client(Settings(**settings)) as client:
        client.pull(registry.name("app:1"), platform="amd64", output="x.tar")
        client.pull(registry.name(f"app:1@{first}"), platform="amd64", output="x.tar")
    with Client(Settings(**settings, offline=True)) as client:
        assert client.pull(registry.name("app:1"), platform="amd64", output="y.tar").digest == second
