"""Each exit status that the command line promises, provoked for real."""

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import pytest

from tests.parts.nginx import Nginx, free_port, server
from tests.parts.tls import CertificateAuthority

pytestmark = pytest.mark.integration

Failing: TypeAlias = Callable[..., str]


@pytest.fixture
def dget(tmp_path):
    def run(*words):
        env = {**os.environ, "PYTHONPATH": "/work/main/src"}
        return subprocess.run(
            [sys.executable, "-m", "dget", *words], capture_output=True, text=True, cwd=tmp_path, env=env
        )

    return run


@pytest.fixture
def fails_with(dget) -> Failing:
    """Runs dget, and checks that it ends with a status and two lines that say why; they are the result."""

    def run(status: int, *words: str) -> str:
        done = dget(*words)
        lines = done.stderr.splitlines()
        assert done.returncode == status, done.stderr
        assert [line.partition(":")[0] for line in lines[-2:]] == ["error", "hint"], done.stderr
        assert sum(line.startswith(("error:", "hint:")) for line in lines) == 2
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        return "\n".join(lines[-2:])

    return run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a b"], "space"),
        (["-nonsense", "bb"], "-nonsense"),
        (["library/BB"], "upper case"),
        (["--connections", "none", "bb"], "none"),
        (["--connections", "0", "bb"], "1 to 64"),
        (["-username", "ann", "bb"], "password"),
        (["--ca-file", "no-such-file", "bb"], "no-such-file"),
        (["bb", "-output"], "-output"),
    ],
)
def test_2_for_a_command_line_that_makes_no_sense(fails_with, words, said):
    assert said in fails_with(2, *words)


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
    assert str(in_the_way) in fails_with(8, "--cache-dir", str(in_the_way), "127.0.0.1:1/bb:1")


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
