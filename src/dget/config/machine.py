"""What this machine is, and where its users' caches belong."""

import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dget.errors import UsageError

if TYPE_CHECKING:
    from dget.model import Platform


def machine_platform() -> "Platform":
    """Linux on this machine's architecture: containers run there, on Windows and macOS in a virtual machine."""
    # Imported here: `dget --help` needs this room, but none of the model.
    from dget.model import Platform

    return Platform.parse(f"linux/{platform.machine().lower() or 'amd64'}")


def default_cache_dir(environment: Mapping[str, str]) -> Path:
    """`DGET_CACHE_DIR`, else where the operating system keeps caches. Raises UsageError where there is no home."""
    if chosen := environment.get("DGET_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32" and (local := environment.get("LOCALAPPDATA")):
        return Path(local) / "dget" / "cache"
    if xdg := environment.get("XDG_CACHE_HOME"):
        return Path(xdg) / "dget"
    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError("there is no home folder for the cache", hint="give --cache-dir, or --no-cache") from error
    return home / "Library" / "Caches" / "dget" if sys.platform == "darwin" else home / ".cache" / "dget"
