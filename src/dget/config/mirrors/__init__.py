"""Hosts and mirrors: what dget and other engines were told of them."""

from dget.config.mirrors.host import EVERYTHING, Capability, Host
from dget.config.mirrors.host_files import HostFiles
from dget.config.mirrors.lookup import KnownHosts
from dget.config.mirrors.named_mirrors import NamedMirrors

__all__ = ["EVERYTHING", "Capability", "Host", "HostFiles", "KnownHosts", "NamedMirrors"]
