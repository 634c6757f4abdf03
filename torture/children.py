"""dgets of processes of their own, which begin at once."""

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    """status: as Python has it, negative for a signal; seconds: from the command line to the end."""

    status: int
    output: bytes
    errors: str
    seconds: float


class Child:
    """One that runs."""

    def __init__(self, parent: "Children", pid: int, files: tuple[Path, Path]) -> None:
        self.pid = pid
        self._parent = parent
        self._files = files
        self._begun = time.monotonic()

    @property
    def runs(self) -> bool:
        return self._parent.status(self.pid) is None

    @property
    def errors(self) -> str:
        """What it said so far."""
        return self._files[1].read_text(errors="replace") if self._files[1].exists() else ""

    def signal(self, number: signal.Signals) -> None:
        """What has ended is let be."""
        self._parent.signal(self.pid, number)

    def wait(self) -> Ended:
        """Raises AssertionError where it does not come to its end, or shows a traceback."""
        status, ended = self._parent.wait(self.pid)
        output, errors = (path.read_bytes() if path.exists() else b"" for path in self._files)
        for path in self._files:
            path.unlink(missing_ok=True)
        said = errors.decode(errors="replace")
        assert "Traceback" not in said, said
        return Ended(status, output, said, ended - self._begun)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()


class Children:
    """For the length of a `with`, whose end ends them all. environment: theirs; folder: for what they say."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._changed = threading.Condition()
        self._started: list[int] = []
        self._ended: dict[int, tuple[int, float]] = {}
        self._numbers = itertools.count()
        self._asked = 0
        self._server = subprocess.Popen(
            [sys.executable, "-m", "torture.child"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self._started:
            self.signal(pid, signal.SIGKILL)
        for pid in self._started:
            self.wait(pid)
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()
        self._listener.join()
        assert self._server.stdout is not None
        self._server.stdout.close()

    def start(self, words: Sequence[str | Path], folder: Path, *, user: int = 0, output: Path | None = None) -> Child:
        """words: of the command line; folder: in which it runs; user: as whom, 0 is as ourselves; output: its standard output,
        a file or a named pipe that is there.
        """
        own, errors = (self._folder / f"{next(self._numbers)}.{name}" for name in ("output", "errors"))
        for path in (own, errors):
            path.touch(0o666)
        told = {
            "words": [*map(str, words)],
            "folder": str(folder),
            "output": str(output or own),
            "errors": str(errors),
            "environment": dict(self._environment),
            "user": user,
        }
        with self._changed:
            # Others may ask while we wait; they are started in order.
            place = self._asked
            self._asked += 1
            self._tell(told)
            here = self._changed.wait_for(lambda: len(self._started) > place, _WITHIN)
            assert here, "no process was started"
            return Child(self, self._started[place], (own, errors))

    def status(self, pid: int) -> int | None:
        with self._changed:
            return self._ended[pid][0] if pid in self._ended else None

    def signal(self, pid: int, number: signal.Signals) -> None:
        with self._changed:
            if pid not in self._ended:
                self._tell({"signal": number, "to": pid})

    def wait(self, pid: int) -> tuple[int, float]:
        """Its status, and when it ended, in monotonic seconds."""
        with self._changed:
            assert self._changed.wait_for(lambda: pid in self._ended, _WITHIN), f"no end within {_WITHIN} s"
            return self._ended[pid]

    def _tell(self, what: Mapping[str, Any]) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(what).encode() + b"\n")
        self._server.stdin.flush()

    def _listen(self) -> None:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            told = json.loads(line)
            with self._changed:
                if "started" in told:
                    self._started.append(told["started"])
                    # Numbers come again.
                    self._ended.pop(told["started"], None)
                else:
                    self._ended[told["ended"]] = (told["status"], time.monotonic())
                self._changed.notify_all()
