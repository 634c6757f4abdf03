"""What is true of forms besides who loads them (docs/matrix.md): sizes, equal bytes, folders, indexes, pipes."""

import os
import pty
import signal
import subprocess
import sys

import pytest

from tests.parts.images import MESSAGE
from tests.parts.oci_folder import names_in, unpacked_from

IMAGE = "oci-index:1"


@pytest.fixture
def pulled(dget, registry, workplace):
    """A function that pulls the image in the form that is asked for."""

    def pull(kind: str, compress: str, *more: str):
        words = [registry.name(IMAGE), "-o", "x", "--format", kind, "--compress", compress, "-arch", "amd64", *more]
        done = dget(*words)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "x\n"
        return workplace / "x"

    return pull


def test_a_spliced_archive_is_as_large_as_its_layers(pulled, busybox_kinds):
    layers = sum(len(blob) for blob in busybox_kinds["oci-single"].blobs.values())
    size = pulled("docker-legacy", "gzip").stat().st_size
    assert layers <= size <= layers * 1.01


@pytest.mark.parametrize("kind", ["docker-archive", "docker-legacy", "oci-archive"])
@pytest.mark.parametrize("compress", ["none", "gzip", "gzip:9", "zstd"])
def test_a_second_pull_gives_the_same_bytes(pulled, kind, compress):
    first = pulled(kind, compress).read_bytes()
    assert pulled(kind, compress, "--no-cache").read_bytes() == first


# The folder.


def test_a_folder_of_two_images_is_read_by_skopeo_umoci_and_containerd(
    dget, registry, workplace, skopeo, containerd, busybox_kinds
):
    for image in (IMAGE, "sharing:1"):
        done = dget(registry.name(image), "--format", "oci-dir", "-o", "layout", "-arch", "amd64")
        assert (done.returncode, done.stdout) == (0, "layout\n"), done.stderr
    names = {registry.name(IMAGE), registry.name("sharing:1")}
    layout = workplace / "layout"
    for name in names:
        skopeo.copy(f"oci:{layout}:{name}", workplace / name.replace("/", "-").replace(":", "-"))
    assert names_in(layout) == names
    texts = {name: unpacked_from(layout, name, workplace / str(place)) for place, name in enumerate(sorted(names))}
    assert {(folder / "etc/text").read_text() for folder in texts.values()} == {"one", "two"}
    packed = subprocess.run(["tar", "-C", layout, "-c", "."], capture_output=True, check=True).stdout
    subprocess.run(containerd.load_command, input=packed, check=True, capture_output=True)
    assert containerd.images() == names
    for name in names:
        assert containerd.run(name) == MESSAGE
        containerd.remove(name)


def test_podman_loads_a_folder(dget, registry, workplace, podman):
    done = dget(registry.name(IMAGE), "--format", "oci-dir", "-o", "layout", "-arch", "amd64")
    assert done.returncode == 0, done.stderr
    podman.load(workplace / "layout")
    (name,) = podman.images()
    assert podman.run(name) == MESSAGE
    podman.remove(name)


# The index.


def test_a_kept_index_keeps_its_digest_in_containerd_and_skopeo(
    pulled, registry, workplace, containerd, podman, skopeo, busybox_kinds
):
    path = pulled("oci-archive", "none", "--keep-index")
    root = busybox_kinds["oci-index"].root
    # Left to itself it wants whatever amd64 can run, which is 386 too.
    containerd.load(path, "--platform", "linux/amd64")
    assert containerd.digest(registry.name(IMAGE)) == root.digest
    assert containerd.run(registry.name(IMAGE)) == MESSAGE
    containerd.remove(registry.name(IMAGE))
    podman.load(path)
    assert podman.run(registry.name(IMAGE)) == MESSAGE
    podman.remove(registry.name(IMAGE))
    assert skopeo.raw(f"oci-archive:{path}") == root.raw


# Standard output.


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("docker", []),
        ("docker", ["--compress", "gzip"]),
        ("docker", ["--format", "docker-legacy", "--compress", "gzip", "--no-cache"]),
        ("podman", ["--no-cache"]),
        ("containerd", ["--format", "oci-archive"]),
    ],
)
def test_an_archive_goes_through_a_pipe_into_an_engine(request, registry, environment, workplace, engine, words):
    loader = request.getfixturevalue(engine)
    command = [sys.executable, "-m", "dget", registry.name(IMAGE), "-o", "-", "-arch", "amd64", *words]
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=workplace
        ) as dget,
        subprocess.Popen(loader.load_command, stdin=dget.stdout, stdout=subprocess.PIPE) as load,
    ):
        assert dget.stdout is not None
        assert dget.stderr is not None
        dget.stdout.close()
        said = dget.stderr.read().decode()
        assert load.wait(60) == 0
        assert dget.wait(60) == 0
    assert "standard output" in said
    assert loader.run(registry.name(IMAGE)) == MESSAGE
    loader.remove(registry.name(IMAGE))
    assert [path.name for path in workplace.iterdir()] == []


def test_a_terminal_gets_no_archive(registry, environment, workplace):
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "dget", registry.name(IMAGE), "-o", "-"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=workplace,
        check=False,
        text=True,
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert "terminal" in done.stderr
    assert "hint: " in done.stderr
    assert registry.requests == []


def test_a_pipe_whose_reader_ends_early_ends_with_a_word_and_a_status(registry, environment, workplace):
    command = [sys.executable, "-m", "dget", registry.name(IMAGE), "-o", "-", "-arch", "amd64"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=workplace
    ) as dget:
        assert dget.stdout is not None
        assert dget.stderr is not None
        dget.stdout.read(10)
        dget.stdout.close()
        said = dget.stderr.read().decode()
        assert dget.wait(60) == 8
    assert "ended before it had all of it" in said
    assert "Traceback" not in said


def test_ctrl_c_ends_a_pull_whose_reader_takes_nothing(registry, environment, workplace, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "dget", registry.name(IMAGE), "-o", "-", "-arch", "amd64", "--no-cache"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, "TMPDIR": str(temporary)},
        cwd=workplace,
    ) as dget:
        assert dget.stdout is not None
        # It has begun; from now on the pipe is full.
        dget.stdout.read(1)
        dget.send_signal(signal.SIGINT)
        assert dget.wait(5) == 130
    assert list(temporary.iterdir()) == []


def test_a_full_device_is_told(dget, registry, environment, workplace):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "dget", registry.name(IMAGE), "-o", "-", "-arch", "amd64"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=workplace,
            check=False,
            text=True,
        )
    assert done.returncode == 8
    assert "the disk is full" in done.stderr


@pytest.mark.parametrize("words", [["--json"], ["--format", "oci-dir"]])
def test_what_does_not_go_with_standard_output_is_refused(dget, registry, words):
    done = dget("pull", registry.name(IMAGE), "-o", "-", *words)
    assert done.returncode == 2
    assert "hint: " in done.stderr
