"""A person with an empty home, and credential helpers that do as a script says."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from dget.flow import Event, Noted, Warned


class Person:
    """environment: nothing but this home, and a PATH that begins with `programs`."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.programs = folder / "programs"
        self.home.mkdir()
        self.programs.mkdir()
        self.environment = {"HOME": str(self.home), "PATH": f"{self.programs}:{os.defpath}"}
        # Else podman's own place on this machine would be looked at.
        self.environment["XDG_RUNTIME_DIR"] = str(folder / "run")
        self.events: list[Event] = []

    def observe(self, event: Event) -> None:
        self.events.append(event)

    @property
    def noted(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]

    @property
    def warned(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Warned)]

    def write(self, name: str, content: Any) -> Path:
        """A file in the home; what is no text or bytes becomes JSON."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def helper(self, name: str, script: str) -> Path:
        """A `docker-credential-NAME` in sh. $1 is the action. Each run is noted in a file beside it: `calls`."""
        path = self.programs / f"docker-credential-{name}"
        path.write_text(f'#!/bin/sh\necho "$1" >> "$0.calls"\n{script}\n')
        path.chmod(0o755)
        return path

    def calls(self, name: str) -> list[str]:
        """What a helper was run for."""
        path = self.programs / f"docker-credential-{name}.calls"
        return path.read_text().split() if path.exists() else []


def auth(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


KEEPS = """
case $1 in
store) cat > "$0.kept" ;;
get) cat > /dev/null; cat "$0.kept" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) cat > /dev/null; rm -f "$0.kept" ;;
list) echo '{"https://one.example": "ann"}' ;;
esac
"""


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)
