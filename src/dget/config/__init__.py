"""What the user set up."""

from dget.config.machine import default_cache_dir, machine_platform
from dget.config.settings import Settings

__all__ = ["Settings", "default_cache_dir", "machine_platform"]
