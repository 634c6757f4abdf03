"""What is told of an archive and of who takes it."""

import re

import pytest

from dget.archive.inspection import CONSUMERS, Inspected, Verdict, inspect_archive, judge_all
from dget.archive.inspection.image_names import podman_names
from dget.archive.inspection.views import ImageView
from dget.flow import Cancel, silent
from dget.model import Platform
from tests.parts.archives import Link, classic, combined, tar_of
from tests.parts.archives_to_check import CASES, NAME, built, good

CLASSIC, STORE, CTR, K3S, PODMAN, SKOPEO = (consumer.title for consumer in CONSUMERS)


@pytest.fixture
def inspected(tmp_path):
    def inspect(name: str, content: bytes | None = None) -> Inspected:
        path = tmp_path / name
        path.write_bytes(CASES[name](name) if content is None else content)
        return inspect_archive(path, Platform.parse("amd64"), cancel=Cancel(), observer=silent)

    return inspect


def verdicts(found: Inspected) -> dict[str, Verdict]:
    return {verdict.consumer: verdict for verdict in judge_all(found)}


WHOLE = [*list(CASES)[: list(CASES).index("cut.tar")]]


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_is_wrong_with_a_whole_file_and_somebody_takes_it(inspected, name):
    found = inspected(name)
    assert found.faults == ()
    assert any(verdict.loads for verdict in judge_all(found))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("cut.tar", "cut"),
        ("cut.tar.gz", "cut short"),
        ("cut-before-index.tar", "neither manifest.json nor index.json"),
        ("garbage-layer.tar", "blobs/sha256/.* has another size"),
        ("repacked-layer.tar", "blobs/sha256/.* does not match its digest|another size"),
        ("other-layer.tar", "blobs/sha256/.* does not match its digest|another size"),
        ("no-layer.tar", "blobs/sha256/.* is missing"),
        ("no-config.tar", "blobs/sha256/.* is missing"),
        ("no-manifest-blob.tar", "blobs/sha256/.* is no whole manifest"),
        ("diff-id.tar", "blobs/sha256/.* unpacks to something else"),
        ("classic-diff-id.tar", "layer.tar unpacks to something else"),
        ("classic-no-layer.tar", "layer.tar is missing"),
        ("count.tar", "has not as many layers"),
        ("one-tag-two-platforms.tar", f"{NAME} is the name of a later image"),
        ("classic-one-tag-twice.tar", "app:1 is the name of a later image"),
        ("manifest-json.tar", "manifest.json cannot be read"),
        ("index-json.tar", "index.json cannot be read"),
        ("layout-version.tar", "oci-layout is of an unknown version"),
        ("bad-tag.tar", "'App:1' is no valid name"),
        ("nothing.tar", "neither manifest.json nor index.json"),
        ("noise.tar", "no whole tar"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(inspected, name, fault):
    assert any(re.search(fault, told) for told in inspected(name).faults), inspected(name).faults


def test_of_two_bytes_that_differ_the_digest_is_told_and_not_the_size(inspected):
    members = good("x")
    place = next(name for name in members if name.startswith("blobs/"))
    changed = members[place]
    assert isinstance(changed, bytes)
    found = inspected("x.tar", tar_of({**members, place: changed[:-1] + bytes([changed[-1] ^ 1])}))
    assert found.faults[0] in {f"{place} does not match its digest", f"{place} is no whole manifest"}


@pytest.mark.parametrize(
    ("name", "loads"),
    [
        ("x.tar", True),
        ("x.tar.gz", False),
        ("X.TAR", True),
        ("x.bin", False),
    ],
)
def test_k3s_goes_by_the_files_name(inspected, name, loads):
    verdict = verdicts(inspected(name, tar_of(good("x"))))[K3S]
    assert verdict.loads is loads
    assert loads or ".tar" in verdict.problems[0]


def test_k3s_does_not_read_xz(inspected):
    assert verdicts(inspected("combined.tar.xz"))[K3S].problems == ("it does not read xz files",)


def test_who_does_not_read_the_compression_says_from_which_version_on_it_will(inspected):
    told = verdicts(inspected("combined.tar.zst"))
    assert told[CLASSIC].problems == ("it does not read zstd files before 23.0",)
    assert told[CTR].problems == ("it does not read zstd files before 2.0",)


def test_dockers_containerd_store_is_told_to_be_silent_about_a_missing_layer(inspected):
    verdict = verdicts(inspected("no-layer.tar"))[STORE]
    assert not verdict.loads
    assert "ends with 0" in verdict.cautions[0]
    assert verdicts(inspected("combined.tar"))[STORE].cautions == ()


def test_older_k3s_is_told_to_want_every_platform(inspected):
    assert "every platform" in verdicts(inspected("oci-index-of-one.tar"))[K3S].cautions[0]


def test_a_foreign_machine_takes_another_build_of_the_index(tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(CASES["oci-index-of-one.tar"]("x"))
    found = inspect_archive(path, Platform.parse("s390x"), cancel=Cancel(), observer=silent)
    assert verdicts(found)[CTR].problems[0].endswith("has no build for this platform")


def test_a_link_to_a_layer_that_stands_before_it_hinders_nobody(inspected):
    image = built("x")
    members = classic([("app:1", image)])
    first, second = (name for name in members if name.endswith("layer.tar"))
    found = inspected("x.tar", tar_of({**members, second: Link(f"../{first}")}))
    # The link leads to another layer than the config names.
    assert any("unpacks to something else" in fault for fault in found.faults)
    assert not any("symbolic link" in problem for problem in verdicts(found)[PODMAN].problems)


def test_a_name_that_stands_twice_is_damage(inspected):
    content = tar_of([*good("x").items(), ("index.json", b"{}")])
    assert "holds index.json twice" in inspected("x.tar", content).faults[0]


def test_an_oci_folder_is_for_podman_and_skopeo(tmp_path):
    for name, content in combined([(NAME, built("x"))]).items():
        path = tmp_path / "layout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert isinstance(content, bytes)
        path.write_bytes(content)
    found = inspect_archive(tmp_path / "layout", Platform.parse("amd64"), cancel=Cancel(), observer=silent)
    told = verdicts(found)
    assert [title for title in told if told[title].loads] == [PODMAN, SKOPEO]
    assert told[SKOPEO].names == ("oci:FILE:1",)


@pytest.mark.parametrize(
    ("written", "called"),
    [
        ("app:1", "localhost/app:1"),
        ("team/app", "localhost/team/app:latest"),
        ("quay.io/app:1", "quay.io/app:1"),
        ("localhost/app:1", "localhost/app:1"),
        ("registry:5000/app", "registry:5000/app:latest"),
    ],
)
def test_podman_completes_short_names_with_localhost(written, called):
    assert podman_names(ImageView(names=(written,))) == (called,)
