"""Doing something as a person without any privileges."""

import os
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.parts.umoci_bundle import NOBODY


def as_nobody(do: Callable[[], object], log: Path) -> None:
    """In a process of its own. Raises AssertionError, with what went wrong, where it fails."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.umask(0o022)
            do()
            status = 0
        except BaseException:  # noqa: BLE001 - told below
            log.write_text(traceback.format_exc())
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0, log.read_text() if log.exists() else f"it ended with {status}"
