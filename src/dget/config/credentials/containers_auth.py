"""What podman, buildah and skopeo know: `auth.json`, whose keys may be for a repository or a namespace alone.

Source: containers-auth.json(5).
"""

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from dget.config.credentials.auth_file import AuthFile
from dget.config.credentials.helper import Helper
from dget.config.credentials.places import home_folder
from dget.protocol.auth import Credential

_NAME = Path("containers") / "auth.json"


class ContainersAuth:
    """Read when it is first asked. place: for people."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._paths = auth_paths(environment)
        self.place = f"podman's {', '.join(map(str, self._paths)) or 'auth.json'}"

    def find(self, domain: str, repository: str) -> Credential | None:
        """Raises UsageError, StorageError, BrokenHelper."""
        for file in self._files:
            if own := file.helper_for(domain):
                name, key = own
                found = Helper(name=name, environment=self._environment).get(key)
                if found:
                    return replace(found, source=f"{found.source}, named in {file.name} for {key}")
            if found := file.credential(domain, repository):
                return found
        return None

    @cached_property
    def _files(self) -> list[AuthFile]:
        return [file for path in self._paths if (file := AuthFile.read(path))]


def auth_paths(environment: Mapping[str, str], run: Path = Path("/run")) -> list[Path]:
    """In the order in which podman reads them."""
    home = home_folder(environment)
    paths: list[Path] = []
    if chosen := environment.get("REGISTRY_AUTH_FILE"):
        paths.append(Path(chosen))
    elif sys.platform == "linux":
        runtime, shared = environment.get("XDG_RUNTIME_DIR"), run / "containers"
        if runtime:
            paths.append(Path(runtime) / _NAME)
        # Where the administrator used podman first, that folder is his alone.
        elif os.access(shared, os.X_OK):
            paths.append(shared / str(os.getuid()) / "auth.json")
    if xdg := environment.get("XDG_CONFIG_HOME"):
        paths.append(Path(xdg) / _NAME)
    elif home:
        paths.append(home / ".config" / _NAME)
    return paths
