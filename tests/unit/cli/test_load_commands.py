"""What the summary says of a file, and of loading it."""

from pathlib import Path

import pytest

from dget.api import PullResult
from dget.cli.load_commands import load_commands
from dget.cli.render import summary


def pulled(
    kind: str, compress: str, path: str = "x", *, holds: str = "an image", companions: int = 0, layers: int = 1
) -> PullResult:
    return PullResult(
        path=Path(path),
        image="a:1",
        name="docker.io/library/a:1",
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


def commands(kind: str, compress: str, path: str = "x", *, holds: str = "an image", companions: int = 0) -> list[str]:
    result = pulled(kind, compress, path, holds=holds, companions=companions)
    return [command for _, command in load_commands(result)]


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
