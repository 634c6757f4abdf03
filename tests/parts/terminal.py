"""A terminal of 100 columns, and what programs show there."""

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Many commands, one after the other: starting an interpreter for each would take longer than they do.
_ONE_BY_ONE = "import json, sys; from dget.cli.main import main; [main(words) for words in json.load(sys.stdin)]"
DGET = ("-m", "dget")
COMMANDS = ("-c", _ONE_BY_ONE)


def shown_on_a_terminal(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, *, given: bytes = b""
) -> tuple[int, str]:
    """Python's exit status, and all that it writes to standard output and standard error, escapes included."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={"TERM": "xterm", "COLUMNS": "100", **environment},
        stdin=subprocess.PIPE,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    seen = b""
    with contextlib.suppress(OSError):  # the terminal's other end is closed
        while piece := os.read(master, 65536):
            seen += piece
    os.close(master)
    return process.wait(60), seen.decode(errors="replace")
