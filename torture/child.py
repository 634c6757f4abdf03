"""A dget that has loaded already and forks one that runs for each command line: moments count from its first step.

`python -m torture.child`: a line of JSON on standard input starts one, and its number is answered on standard output;
so is, later, its number with its exit status, as Python has it. Another kind of line sends a signal to one that runs.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import select
import signal
import sys
import tempfile
from typing import Any

_LOADED_LATE = ("base64", "difflib", "email.utils", "shutil", "tomllib", "traceback")


def main() -> None:
    import dget

    for module in pkgutil.walk_packages(dget.__path__, "dget."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # What dget itself loads when it needs it; another user may not read where these are.
    for name in _LOADED_LATE:
        importlib.import_module(name)
    wakes, wakened = os.pipe()
    os.set_blocking(wakened, False)
    # So that the end of a child wakes `select`.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakened, warn_on_full_buffer=False)
    asked, running = b"", set[int]()
    while True:
        ready, _, _ = select.select([0, wakes], [], [])
        if wakes in ready:
            os.read(wakes, 1 << 10)
            _tell_who_ended(running)
        if 0 in ready:
            if not (data := os.read(0, 1 << 16)):
                return
            *lines, asked = (asked + data).split(b"\n")
            for told in map(json.loads, lines):
                if "signal" not in told:
                    running.add(_started(told))
                # The number of one that has ended may be somebody else's.
                elif told["to"] in running:
                    os.kill(told["to"], told["signal"])


def _started(told: dict[str, Any]) -> int:
    if child := os.fork():
        _say({"started": child})
        return child
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = 1
    try:
        status = _run(told)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(status)


def _run(told: dict[str, Any]) -> int:
    from dget.cli.main import main as run

    os.chdir(told["folder"])
    for stream, path in enumerate((os.devnull, told["output"], told["errors"])):
        os.dup2(os.open(path, os.O_WRONLY if stream else os.O_RDONLY), stream)
    os.environ.update(told["environment"])
    tempfile.tempdir = None
    if told["user"]:
        os.setgroups([])
        os.setgid(told["user"])
        os.setuid(told["user"])
        # Whose home this is may not be looked into.
        os.environ["HOME"] = "/nonexistent"
    return run(told["words"])


def _tell_who_ended(running: set[int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            running.remove(ended[0])
            _say({"ended": ended[0], "status": os.waitstatus_to_exitcode(ended[1])})


def _say(what: dict[str, int]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
