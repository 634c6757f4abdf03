"""What the summary says of a file, and of loading it."""

from pathlib import Path
from typing import Any

import pytest

from dget.api import PullResult
from dget.cli.load_commands import load_commands
from dget.cli.render import summary


def pulled(
    kind: str,
    compress: str,
    path: str = "x",
    *,
    holds: str = "an image",
    companions: int = 0,
    layers: int = 1,
    names: tuple[str, ...] = ("docker.io/library/a:1",),
) -> PullResult:
    return PullResult(
        path=Path(path),
        image="a:1",
        name=names[0],
        names=names,
        platform="linux/amd64",
        digest="",
        size=1,
        format=kind,
        compression=compress,
        layers=layers,
        fetched=1,
        reused=0,
        seconds=1.0,
        kind=holds,
        companions=companions,
    )


def commands(kind: str, compress: str, path: str = "x", **more: Any) -> list[str]:
    return [command for _, command in load_commands(pulled(kind, compress, path, **more))]


@pytest.mark.parametrize(("layers", "said"), [(0, "0 layers"), (1, "1 layer"), (2, "2 layers")])
def test_the_summary_counts_layers(layers, said):
    assert f", {said}\n" in summary(pulled("docker-archive", "gzip", layers=layers))


@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy", "oci-archive"])
@pytest.mark.parametrize(
    ("compress", "unpack"), [("gzip", "gunzip -c x | "), ("gzip:9", "gunzip -c x | "), ("zstd", "zstd -dc x | ")]
)
def test_what_reads_plain_archives_alone_gets_it_unpacked(kind, compress, unpack):
    for_podman_and_ctr = [command for command in commands(kind, compress) if "docker load" not in command]
    assert len(for_podman_and_ctr) == 2
    assert all(command.startswith(unpack) for command in for_podman_and_ctr)


@pytest.mark.parametrize("compress", ["none", "gzip", "zstd"])
def test_docker_is_named_where_it_reads_the_format(compress):
    assert any("docker load" in command for command in commands("docker-archive", compress))
    assert any("docker load" in command for command in commands("docker-legacy", compress))
    assert "docker load -i x  # into its containerd store" in commands("oci-archive", compress)


def test_a_folder_is_named_with_the_image_in_it_and_a_stream_is_not_named():
    assert commands("oci-dir", "none")[0] == "skopeo copy oci:x:docker.io/library/a:1 …"
    assert commands("docker-archive", "none", "-") == []


def test_a_name_with_a_space_stays_one_word():
    assert all("'a b.tar'" in command for command in commands("docker-archive", "none", "a b.tar"))


def test_an_artifact_is_copied_since_no_engine_loads_it():
    assert commands("oci-archive", "none", holds="a Helm chart") == ["skopeo copy oci-archive:x:1 …"]
    assert commands("oci-dir", "none", holds="a Helm chart") == ["skopeo copy oci:x:docker.io/library/a:1 …"]


@pytest.mark.parametrize(
    ("compress", "unpack"), [("none", ""), ("gzip", "gunzip -c x | "), ("zstd:3", "zstd -dc x | ")]
)
def test_an_archive_with_referrers_is_loaded_by_name_and_without_unpacking_them(compress, unpack):
    assert commands("oci-archive", compress, companions=1) == [
        "podman pull oci-archive:x:1",
        f"{unpack}ctr -n k8s.io images import --no-unpack {'-' if unpack else 'x'}",
    ]


PINNED = ("docker.io/library/a:1", f"docker.io/library/a@sha256:{'0' * 64}")
TAGGED_TWICE = ("docker.io/library/a:1", "docker.io/library/b:2")


@pytest.mark.parametrize(("names", "reference"), [(PINNED, "1"), (TAGGED_TWICE, "docker.io/library/a:1")])
def test_of_several_names_the_one_is_told_by_which_podman_and_skopeo_find_it(names, reference):
    layout = commands("oci-archive", "none", names=names)
    assert layout[0] == f"podman pull oci-archive:x:{reference}"
    assert f"skopeo copy oci-archive:x:{reference} …" in layout
    assert commands("oci-archive", "gzip", names=names)[0] == f"podman pull oci-archive:x:{reference}"
    assert commands("oci-archive", "none", names=names, holds="a Helm chart") == [
        f"skopeo copy oci-archive:x:{reference} …"
    ]
    # These read what docker load reads.
    assert commands("docker-archive", "none", names=names)[1] == "podman load -i x"
    for kind in ("docker-archive", "docker-legacy"):
        assert commands(kind, "none", names=names)[-1] == "skopeo copy docker-archive:x:docker.io/library/a:1 …"
