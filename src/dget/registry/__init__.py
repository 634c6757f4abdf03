"""A remote that holds images, spoken to by the OCI distribution protocol."""

from dget.registry.access import check_access
from dget.registry.endpoint import Endpoint
from dget.registry.persistence import persist
from dget.registry.quota import quota_image, quota_told_by_image, quota_told_by_registry
from dget.registry.remote_image import RemoteImage
from dget.registry.session import RangesIgnored, Session
from dget.registry.tags import list_tags

__all__ = [
    "Endpoint",
    "RangesIgnored",
    "RemoteImage",
    "Session",
    "check_access",
    "list_tags",
    "persist",
    "quota_image",
    "quota_told_by_image",
    "quota_told_by_registry",
]
