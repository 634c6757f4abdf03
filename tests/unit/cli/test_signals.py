"""How a signal ends the command, whatever it comes into."""

import signal
import socket
import subprocess
import sys

import pytest

# Python swallows what is raised in a callback of a weak reference, and its own imports have such callbacks.
PROGRAM = """
import signal, sys, weakref
from dget.cli.main import main

class Interrupting:
    def find_spec(self, name, *_):
        if name == "dget.api":
            sys.meta_path.remove(self)
            thing = {1}
            gone = weakref.ref(thing, lambda _: signal.raise_signal(%d))
            del thing

sys.meta_path.insert(0, Interrupting())
sys.exit(main([sys.argv[1], "-q", "--no-cache"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be told to end there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_in_the_midst_of_an_import_is_not_lost(number, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        image = f"127.0.0.1:{silent.getsockname()[1]}/silent"
        command = [sys.executable, "-c", PROGRAM % number, image]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 128 + number, done.stderr
    assert done.stderr.startswith("stopped;")
