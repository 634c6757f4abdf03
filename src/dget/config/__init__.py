"""What the user set up.

The names below load on first use: the command line's options need the settings alone, and `dget --help` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dget.config.effective import Effective, Loaded, load
    from dget.config.file import config_path
    from dget.config.hosts import HostSettings
    from dget.config.machine import default_cache_dir, machine_platform
    from dget.config.settings import Settings
    from dget.config.template import write_template

__all__ = [
    "Effective",
    "HostSettings",
    "Loaded",
    "Settings",
    "config_path",
    "default_cache_dir",
    "load",
    "machine_platform",
    "write_template",
]

_HOMES = {
    "Effective": "effective",
    "HostSettings": "hosts",
    "Loaded": "effective",
    "Settings": "settings",
    "config_path": "file",
    "default_cache_dir": "machine",
    "load": "effective",
    "machine_platform": "machine",
    "write_template": "template",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dget.config' has no attribute {name!r}")
    return getattr(import_module(f"dget.config.{_HOMES[name]}"), name)
