"""What the user set up.

The names below load on first use: the command line's options need the settings alone, and `dget --help` is quick.
"""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

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

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".effective": ["Effective", "Loaded", "load"],
            ".file": ["config_path"],
            ".hosts": ["HostSettings"],
            ".machine": ["default_cache_dir", "machine_platform"],
            ".settings": ["Settings"],
            ".template": ["write_template"],
        },
    )
