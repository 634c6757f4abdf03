"""Hosts and mirrors: what dget and other engines were told of them."""

from dget.config.hosts.host import EVERYTHING, Capability, Host
from dget.config.hosts.host_files import HostFiles
from dget.config.hosts.lookup import KnownHosts
from dget.config.hosts.named_mirrors import NamedMirrors

__all__ = ["EVERYTHING", "Capability", "Host", "HostFiles", "KnownHosts", "NamedMirrors"]
