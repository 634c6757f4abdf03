"""A name server that never answers, in a network of one process alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parts.process import need

_WITHIN = 30.0
# Holds the name server's port, whose queue nobody reads, for as long as dget runs in its place.
_SILENT = """
import os, socket, sys
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.bind(("127.0.0.1", 53))
held.set_inheritable(True)
print("ready", flush=True)
os.execv(sys.executable, [sys.executable, "-m", "dget", *sys.argv[1:]])
"""
_SCRIPT = 'ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'


@pytest.fixture
def asking(environment, workplace, tmp_path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts dget there, whose only name server is silent."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    alone = [need("unshare", "util-linux"), "--net", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    need("ip", "iproute2")
    possible = [*alone, "--", "sh", "-c", _SCRIPT, "sh", resolv, "true"]
    if subprocess.run(possible, capture_output=True, check=False).returncode:
        pytest.skip("this user may not have a network of his own")
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> "subprocess.Popen[str]":
        command = [*alone, "--", "sh", "-c", _SCRIPT, "sh", resolv, sys.executable, "-c", _SILENT, *words]
        process = subprocess.Popen(
            command, cwd=workplace, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(reached: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + _WITHIN
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def question_waits(process: "subprocess.Popen[str]") -> bool:
    """Whether a datagram waits in port 53's queue, in the network that the process sees."""
    lines = Path(f"/proc/{process.pid}/net/udp").read_text().splitlines()[1:]
    fields = next(line.split() for line in lines if line.split()[1].endswith(":0035"))
    return int(fields[4].partition(":")[2], 16) > 0


def catches(process: "subprocess.Popen[str]", number: signal.Signals) -> bool:
    """Whether it has a handler for the signal."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    mask = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return bool(mask >> (number - 1) & 1)


def test_it_ends_as_a_network_error_within_bounds(asking):
    """Two looks of a second, though the system itself goes on for ten."""
    asked = time.monotonic()
    process = asking("registry.example/app:1", "--timeout", "1")
    _, said = process.communicate(timeout=_WITHIN)
    assert process.returncode == 5, said
    assert time.monotonic() - asked < 9
    assert "nobody says in time where registry.example is" in said


def test_a_stop_ends_it_within_a_second(asking):
    process = asking("registry.example/app:1")
    until(lambda: question_waits(process), process)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=_WITHIN)
    assert time.monotonic() - asked < 1
    assert process.returncode == 130, said
    assert "Traceback" not in said


def test_a_second_one_kills_it(asking):
    process = asking("registry.example/app:1")
    until(lambda: question_waits(process), process)
    process.send_signal(signal.SIGINT)
    # Two at once are one to the system.
    until(lambda: not catches(process, signal.SIGINT), process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=_WITHIN)
    assert process.returncode == -signal.SIGINT
