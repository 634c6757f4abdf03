"""What `check` says of an archive is what each engine really makes of it: by what it unpacked, not by what it said."""

import re

import pytest

from dget.archive.inspection import Verdict, inspect_archive, judge_all
from dget.archive.readers.listed import full_name
from dget.flow import Cancel, silent
from dget.model import Platform
from tests.parts.archives_to_check import CASES

# Both layers of every image hold one of them.
LAYERS = {"base", "top"}


@pytest.fixture(params=CASES)
def archive(request, tmp_path):
    path = tmp_path / request.param
    path.write_bytes(CASES[request.param](request.param))
    return path


@pytest.fixture
def verdicts(archive) -> dict[str, Verdict]:
    found = inspect_archive(archive, Platform.parse("linux/amd64"), cancel=Cancel(), observer=silent)
    return {verdict.consumer: verdict for verdict in judge_all(found)}


def usable(found) -> set[str]:
    return {name for name, files in found.items() if set(files) >= LAYERS}


def test_dockers_classic_store(docker, archive, verdicts):
    verdict = verdicts["docker, classic store"]
    found = {
        name if name.startswith("sha256:") else full_name(name): files
        for name, files in docker.unpacked(archive).items()
    }
    assert usable(found) == set(verdict.names), verdict


def test_containerd(containerd, archive, verdicts):
    verdict = verdicts["containerd (ctr)"]
    found = {
        re.sub(r"^import-\d{4}-\d\d-\d\d:", "import-DATE:", name): files
        for name, files in containerd.unpacked(archive).items()
    }
    assert usable(found) == set(verdict.names), verdict


def test_podman(podman, archive, verdicts):
    verdict = verdicts["podman"]
    assert usable(podman.unpacked(archive)) == set(verdict.names), verdict


def test_skopeo(skopeo, archive, verdicts):
    verdict = verdicts["skopeo"]
    for name in verdict.names:
        assert skopeo.takes(name.replace("FILE", str(archive)), archive.parent), verdict
    if not verdict.names:
        assert not skopeo.takes(f"oci-archive:{archive}", archive.parent), verdict
        assert not skopeo.takes(f"docker-archive:{archive}", archive.parent), verdict
