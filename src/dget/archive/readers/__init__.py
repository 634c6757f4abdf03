"""Reading images from files: Docker archives, OCI archives and folders, packed or not."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.archive.readers.file_image import FileImage
    from dget.archive.readers.opening import image_names, open_image
    from dget.archive.readers.recognition import holds_image

__all__ = [
    "FileImage",
    "holds_image",
    "image_names",
    "open_image",
]

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".file_image": ["FileImage"],
            ".opening": ["image_names", "open_image"],
            ".recognition": ["holds_image"],
        },
    )
