"""A remote that holds images, spoken to by the OCI distribution protocol."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.registry.access import check_access
    from dget.registry.endpoint import Endpoint
    from dget.registry.health import Forgetful, Health, HostMemory
    from dget.registry.image_hosts import ImageHosts, TagFrom
    from dget.registry.one_host import image_at
    from dget.registry.persistence import persist
    from dget.registry.quota import quota_image, quota_told_by_image, quota_told_by_registry
    from dget.registry.remote_host import RemoteHost
    from dget.registry.remote_image import RemoteImage
    from dget.registry.session import NotARegistry, RangesIgnored, Session
    from dget.registry.tags import list_tags

__all__ = [
    "Endpoint",
    "Forgetful",
    "Health",
    "HostMemory",
    "ImageHosts",
    "NotARegistry",
    "RangesIgnored",
    "RemoteHost",
    "RemoteImage",
    "Session",
    "TagFrom",
    "check_access",
    "image_at",
    "list_tags",
    "persist",
    "quota_image",
    "quota_told_by_image",
    "quota_told_by_registry",
]

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".access": ["check_access"],
            ".endpoint": ["Endpoint"],
            ".health": ["Forgetful", "Health", "HostMemory"],
            ".image_hosts": ["ImageHosts", "TagFrom"],
            ".one_host": ["image_at"],
            ".persistence": ["persist"],
            ".quota": ["quota_image", "quota_told_by_image", "quota_told_by_registry"],
            ".remote_host": ["RemoteHost"],
            ".remote_image": ["RemoteImage"],
            ".session": ["NotARegistry", "RangesIgnored", "Session"],
            ".tags": ["list_tags"],
        },
    )
