"""Reading images from files: Docker archives, OCI archives and folders, packed or not."""

from dget.archive.readers.file_image import FileImage
from dget.archive.readers.open_image import image_names, open_image
from dget.archive.readers.open_members import holds_image

__all__ = ["FileImage", "holds_image", "image_names", "open_image"]
