"""Each exit status that the command line promises, provoked for real."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.parts.distribution import Distribution, free_port
from tests.parts.images import OCI, artifact, layer, single
from tests.parts.nginx import Nginx, server
from tests.parts.process import need
from tests.parts.tls import CertificateAuthority

# Nobody listens there: a command line that is refused too late goes nowhere.
NOWHERE = "127.0.0.1:1/bb"
_BIG = 12 << 20
_UNDER_WAY_WITHIN = 30.0
_ENDS_WITHIN = 3.0


@pytest.fixture
def fails_with(dget):
    """Runs dget, which must end with that status and two lines that say why; they are the result."""

    def run(status: int, *words: str | Path) -> str:
        return reasons_of(dget(*words), status)

    return run


@pytest.fixture(scope="module")
def big(filled_registry):
    """The name of an image of 12 MB."""
    filled_registry.push("big", "1", single(OCI, "linux/amd64", [layer({"random": Random(2).randbytes(_BIG)})]))
    return filled_registry.name("big:1")


@pytest.fixture
def slow(tmp_path, big):
    """The same image, from a server that takes a minute for it. Two connections see to a steady trickle."""
    host = f"127.0.0.1:{free_port()}"
    registry, _, image = big.partition("/")
    trickle = f"location / {{ proxy_pass http://{registry}; proxy_set_header Host $http_host; limit_rate 128k; }}"
    with Nginx(tmp_path / "nginx", server(host, trickle)):
        yield [f"{host}/{image}", "--connections", "2", "-arch", "amd64", "-o", "slow.tar"]


@pytest.fixture
def running(environment, workplace):
    """Starts dget, and sees to its end."""

    @contextmanager
    def start(*words: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "dget", *words]
        process = subprocess.Popen(
            command, cwd=workplace, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    return start


@pytest.fixture
def small_disk(environment, workplace, tmp_path):
    """Runs dget where the folder `small` of the workplace is a disk of so many bytes, which vanishes with the run.

    Beside what dget prints, standard output names what it leaves half done on that disk.
    """
    inside = [need("unshare", "util-linux"), "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--"]
    mount = 'mount -t tmpfs -o "size=$1" small "$2" && cd "$2/.." && shift 2 && { "$@"; status=$?; '
    left = 'find small -name "*.tar*" -o -path "*/ingest/*"; exit $status; }'
    (workplace / "small").mkdir()
    possible = subprocess.run([*inside, "mount", "-t", "tmpfs", "small", tmp_path], capture_output=True, check=False)
    if possible.returncode:
        pytest.skip(f"no disk can be mounted for one process alone: {possible.stderr.decode().strip()}")

    def run(size: int, *words: str | Path) -> subprocess.CompletedProcess[str]:
        shell = [*inside, "sh", "-c", mount + left, "sh", str(size), workplace / "small"]
        command = [*shell, sys.executable, "-m", "dget", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


def reasons_of(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one `error:` line and the one `hint:` line with which standard error ends."""
    lines = done.stderr.splitlines()
    assert done.returncode == status, done.stderr
    assert [line.partition(":")[0] for line in lines[-2:]] == ["error", "hint"], done.stderr
    assert sum(line.startswith(("error:", "hint:")) for line in lines) == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return "\n".join(lines[-2:])


def test_0_for_an_image_that_is_there_already(dget, registry, workplace):
    words = [registry.name("oci-single:1"), "-arch", "amd64", "--no-clobber"]
    assert dget(*words).returncode == 0
    before = {path.name: path.stat().st_mtime_ns for path in workplace.iterdir()}
    assert dget(*words).returncode == 0
    assert {path.name: path.stat().st_mtime_ns for path in workplace.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["127.0.0.1:1/a b"], "space"),
        (["-nonsense", NOWHERE], "-nonsense"),
        (["127.0.0.1:1/library/BB"], "upper case"),
        (["-output"], "-output"),
        (["-connections", "none", NOWHERE], "none"),
        (["-connections", "0", NOWHERE], "1 to 64"),
        (["-timeout", "0", NOWHERE], "1 to 86400"),
        (["-arch", "no/such/thing/at/all", NOWHERE], "no/such/thing/at/all"),
        (["-username", "ann", NOWHERE], "password"),
        (["-ca-file", "missing.pem", NOWHERE], "missing.pem"),
        (["-resolve", "nonsense", NOWHERE], "HOST:PORT:ADDR"),
        (["-proxy", "gopher://me:geheim@127.0.0.1", NOWHERE], "gopher"),
        (["-o", "bb.zip", NOWHERE], ".zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_2_for_a_command_line_that_makes_no_sense(fails_with, words, said):
    message = fails_with(2, *words)
    assert said in message
    assert "geheim" not in message


@pytest.mark.parametrize("image", ["bb:1", "oci-single:2", f"oci-single@sha256:{'0' * 64}"])
def test_3_for_what_the_registry_does_not_have(fails_with, registry, workplace, image):
    assert registry.name(image).partition("@")[0] in fails_with(3, registry.name(image)).replace("\n", " ")
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("credentials", [(), ("-username", "me", "-password", "falsch")], ids=["none", "wrong"])
def test_4_for_a_password_that_is_missing_or_wrong(fails_with, tmp_path, credentials):
    with Distribution(tmp_path / "registry", users={"me": "geheim"}) as registry:
        message = fails_with(4, registry.name("bb:1"), *credentials)
        assert registry.address in message
        assert "falsch" not in message
        assert (f"dget login {registry.address}" in message) == (not credentials)


def test_5_for_a_port_where_nobody_listens(fails_with):
    host = f"127.0.0.1:{free_port()}"
    assert host in fails_with(5, f"{host}/bb:1")


def test_5_for_a_host_name_that_does_not_exist(fails_with):
    assert "nowhere.invalid" in fails_with(5, "nowhere.invalid/bb:1")


def test_5_for_a_web_page_where_a_registry_should_be(fails_with, tmp_path):
    host = f"127.0.0.1:{free_port()}"
    page = server(host, "default_type text/html;", 'location / { return 200 "<!doctype html><h1>Welcome</h1>"; }')
    with Nginx(tmp_path / "nginx", page):
        assert host in fails_with(5, f"{host}/bb:1")


def test_5_for_a_certificate_of_an_authority_that_nobody_trusts(fails_with, tmp_path):
    port = free_port()
    certificate = CertificateAuthority(tmp_path / "ca").server("registry.test")
    with Nginx(tmp_path / "nginx", server(f"127.0.0.1:{port}", names=["registry.test"], tls=certificate)) as nginx:
        message = fails_with(5, "--resolve", f"registry.test:{port}:127.0.0.1", f"registry.test:{port}/bb:1")
        assert "certificate" in message
        assert "--ca-file" in message
        assert nginx.asked == []


def test_5_for_a_server_that_resets_connections(fails_with):
    with _resetting_server() as host:
        assert host in fails_with(5, f"{host}/bb:1")


def test_6_for_a_flipped_byte(fails_with, registry, workplace):
    image = single(OCI, "linux/amd64", [layer({"flipped": b"in this test alone"})])
    registry.push("flipped", "1", image)
    digest = list(image.blobs)[-1]
    path = registry.blob_path(digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert digest in fails_with(6, "-arch", "amd64", registry.name("flipped:1"))
    assert list(workplace.iterdir()) == []


def test_7_for_a_quota_that_renews_in_an_hour(fails_with, tmp_path):
    host = f"127.0.0.1:{free_port()}"
    answer = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
    refusal = f"location / {{ add_header Retry-After 3600 always; return 429 '{answer}'; }}"
    with Nginx(tmp_path / "nginx", server(host, "default_type application/json;", refusal)) as nginx:
        message = fails_with(7, f"{host}/bb:1")
        assert "You have reached your pull rate limit." in message
        assert "1 h 0 min" in message
        assert len(nginx.asked) == 1


def test_8_for_a_cache_folder_that_is_a_file(fails_with, tmp_path):
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file")
    assert str(in_the_way) in fails_with(8, "--cache-dir", in_the_way, NOWHERE)


def test_8_for_an_output_folder_that_is_a_file(fails_with, registry, workplace):
    (workplace / "file").write_text("a file")
    message = fails_with(8, "-o", "file/x.tar", "-arch", "amd64", registry.name("oci-single:1"))
    assert "file" in message
    assert (workplace / "file").read_text() == "a file"


def test_8_for_a_disk_that_is_too_small_for_the_archive(small_disk, big):
    assert "disk is full" in reasons_of(small_disk(_BIG // 2, "-o", "small/x.tar", "-arch", "amd64", big), 8)


def test_8_for_a_disk_that_fills_up_on_the_way(small_disk, big):
    # Room for the archive, or for the cache, but not for both.
    words = ("-o", "small/x.tar", "--cache-dir", "small/cache", "-arch", "amd64", big)
    assert "disk is full" in reasons_of(small_disk(_BIG * 3 // 2, *words), 8)


def test_8_for_an_output_that_another_process_writes(fails_with, running, slow, workplace):
    with running(*slow) as first:
        wait_until(lambda: any(workplace.glob("slow.tar.part")), first)
        assert "slow.tar" in fails_with(8, *slow)
        assert first.poll() is None
        assert any(workplace.glob("slow.tar.part"))


def test_9_for_a_platform_that_the_image_does_not_have(fails_with, registry, workplace):
    message = fails_with(9, "-arch", "s390x", registry.name("oci-index:1"))
    assert "linux/s390x" in message
    assert "linux/amd64, linux/arm64, linux/arm/v7, linux/386" in message
    assert list(workplace.iterdir()) == []


def test_10_for_an_artifact_that_is_no_image(fails_with, registry, workplace):
    registry.push("exit-status-chart", "1", artifact())
    assert "Helm chart" in fails_with(10, registry.name("exit-status-chart:1"))
    assert list(workplace.iterdir()) == []


def test_11_for_several_images_of_which_one_failed(dget, registry, workplace):
    done = dget(registry.name("oci-single:1"), registry.name("missing:1"), "-o", "files/", "-arch", "amd64")
    assert done.returncode == 11, done.stderr
    assert done.stdout == "files/oci-single_1_linux-amd64.tar.gz\n"
    assert done.stderr.splitlines()[-1].startswith(("error:", "hint:"))
    assert registry.name("missing:1") in done.stderr
    assert "Traceback" not in done.stderr


ENDINGS = [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "status"), ENDINGS)
def test_a_signal_ends_a_download_at_once_and_leaves_nothing(running, slow, workplace, number, status):
    with running(*slow) as process:
        wait_until(lambda: any(path.stat().st_blocks for path in workplace.glob("slow.tar.part")), process)
        process.send_signal(number)
        _, said = process.communicate(timeout=_ENDS_WITHIN)
    assert process.returncode == status, said
    assert "Traceback" not in said
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(("number", "status"), ENDINGS)
def test_a_signal_ends_the_wait_for_a_silent_host_at_once(running, number, status):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_UNDER_WAY_WITHIN)
        with running(f"127.0.0.1:{listener.getsockname()[1]}/bb:1") as process:
            connection, _ = listener.accept()
            with connection:
                assert connection.recv(1)
                process.send_signal(number)
                _, said = process.communicate(timeout=_ENDS_WITHIN)
    assert process.returncode == status, said
    assert "Traceback" not in said


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _UNDER_WAY_WITHIN
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def _resetting_server() -> Iterator[str]:
    """Accepts, reads, and resets; host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reset_all() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    # No farewell: with a linger of zero seconds, close sends RST.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = threading.Thread(target=reset_all)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            # close() would not wake the thread.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
