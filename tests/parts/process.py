"""Daemons that tests start: waited for, and stopped by their pid alone."""

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

_READY_WITHIN = 60.0
_ENDED_WITHIN = 20.0


def need(program: str, package: str) -> str:
    """The program's path. Skips, naming Debian's package, where it is missing."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is missing: install Debian's package {package}")
    return found


class Daemon:
    """A process from construction until `stop`. Raises AssertionError, with its output, where it does not get ready."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        try:
            self._wait(ready)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_ENDED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                if ready():
                    return
            time.sleep(0.05)
        text = self._log.read_text(errors="replace")[-2000:]
        raise AssertionError(f"{self._process.args!r} did not get ready:\n{text}")
