"""What `check` says of an archive holds for newer engines too, with what it says of their versions."""

import re

import pytest

from dget.archive.inspection import Verdict, inspect_archive, judge_all
from dget.archive.readers.listed import full_name
from dget.flow import Cancel, silent
from dget.model import Platform
from tests.parts.archives_to_check import CASES, NAME

LAYERS = {"base", "top"}
# Those of a single image, and none in xz: Docker calls the program, which the roots have not.
CHOSEN = [
    *("combined.tar", "combined.tar.gz", "combined.tar.zst", "oci-full-name.tar", "oci-tag.tar", "oci-no-name.tar"),
    *("oci-index-of-one.tar", "classic.tar", "classic.tar.gz", "classic-hard-link.tar", "foreign-said.tar"),
    *("zstd-layers.tar", "cut.tar", "other-layer.tar", "repacked-layer.tar", "no-layer.tar", "diff-id.tar"),
    *("manifest-json.tar", "index-json.tar"),
]
_TAKES_IT = re.compile(r" before \d| takes from \d")
_REFUSES_IT = re.compile(r" refuses it from \d")


@pytest.fixture
def archives(exchange):
    """Path and verdict by consumer of each."""
    found = {}
    for name in CHOSEN:
        path = exchange / name
        path.write_bytes(CASES[name](name))
        inspected = inspect_archive(path, Platform.parse("amd64"), cancel=Cancel(), observer=silent)
        found[path] = {verdict.consumer: verdict for verdict in judge_all(inspected)}
    return found


def expected(verdict: Verdict) -> set[str]:
    """Of a version that is newer than those which the verdict speaks of."""
    if any(map(_REFUSES_IT.search, verdict.cautions)):
        return set()
    if any(map(_TAKES_IT.search, verdict.problems)):
        return {NAME}
    return set(verdict.names)


def usable(found) -> set[str]:
    return {
        name if name.startswith("sha256:") else str(full_name(name.removeprefix("localhost/")))
        for name, files in found.items()
        if set(files) >= LAYERS
    }


def disagreements(archives, consumer: str, unpacked) -> dict[str, tuple[set[str], Verdict]]:
    found = {}
    for path, verdicts in archives.items():
        wanted = {
            name if ":" in name[:7] else str(full_name(name.removeprefix("localhost/")))
            for name in expected(verdicts[consumer])
        }
        real = usable(unpacked(path))
        if real != wanted:
            found[path.name] = (real, verdicts[consumer])
    return found


def test_docker(docker, archives, request):
    store = "containerd" if "containerd-store" in request.node.name else "classic"
    assert disagreements(archives, f"docker, {store} store", docker.unpacked) == {}


def test_podman(podman, archives):
    assert disagreements(archives, "podman", podman.unpacked) == {}


def test_skopeo(skopeo, archives, exchange):
    for path, verdicts in archives.items():
        verdict = verdicts["skopeo"]
        for name in verdict.names:
            assert skopeo.takes(name.replace("FILE", str(path)), exchange), verdict
        if not expected(verdict):
            assert not skopeo.takes(f"oci-archive:{path}", exchange), verdict
            assert not skopeo.takes(f"docker-archive:{path}", exchange), verdict
