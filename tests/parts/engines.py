"""How an engine is reached: on this machine, or inside another root."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

# Turns a command into the one that really runs it, for example inside another root.
Launcher: TypeAlias = Callable[[Sequence[str | Path]], list[str]]

_TIMEOUT = 180


def here(command: Sequence[str | Path]) -> list[str]:
    """The launcher of this machine's own engines."""
    return [str(word) for word in command]


def output_of(command: Sequence[str], given: bytes | None = None) -> str:
    """What it prints. Raises AssertionError, with its words, where it fails."""
    done = subprocess.run(command, input=given, capture_output=True, timeout=_TIMEOUT, check=False)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {said}"
    return done.stdout.decode(errors="replace")
