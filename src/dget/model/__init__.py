"""What things are: names, digests, platforms and documents. No I/O, no clock, no environment."""

from dget.model.contents import Companion, Contents, Image
from dget.model.descriptor import Descriptor
from dget.model.digest import Digest
from dget.model.document import Document, read_config, read_manifest
from dget.model.image_config import ImageConfig
from dget.model.locator import FileLocator, Locator, parse_locator
from dget.model.manifest import Index, Manifest
from dget.model.platform import Platform, choose_platform
from dget.model.platform_wish import PlatformWish, suiting
from dget.model.reference import Reference, registry_host, wire_host
from dget.model.selection import ForeignLayers, Selection

__all__ = [
    "Companion",
    "Contents",
    "Descriptor",
    "Digest",
    "Document",
    "FileLocator",
    "ForeignLayers",
    "Image",
    "ImageConfig",
    "Index",
    "Locator",
    "Manifest",
    "Platform",
    "PlatformWish",
    "Reference",
    "Selection",
    "choose_platform",
    "parse_locator",
    "read_config",
    "read_manifest",
    "registry_host",
    "suiting",
    "wire_host",
]
