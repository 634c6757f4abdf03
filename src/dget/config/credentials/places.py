"""Where people's own files are. Only the environment is asked, so that whoever gives another one is somebody else."""

import sys
from collections.abc import Mapping
from pathlib import Path


def home_folder(environment: Mapping[str, str]) -> Path | None:
    """None where the environment names none."""
    home = environment.get("USERPROFILE") if sys.platform == "win32" else environment.get("HOME")
    return Path(home) if home else None


def config_folder(environment: Mapping[str, str]) -> Path | None:
    """Where dget's own configuration is; None where there is no home."""
    if xdg := environment.get("XDG_CONFIG_HOME"):
        return Path(xdg) / "dget"
    if sys.platform == "win32" and (roaming := environment.get("APPDATA")):
        return Path(roaming) / "dget"
    home = home_folder(environment)
    if home is None:
        return None
    return home / "Library" / "Application Support" / "dget" if sys.platform == "darwin" else home / ".config" / "dget"
