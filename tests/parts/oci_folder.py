"""OCI layout folders as umoci reads them."""

from pathlib import Path

from tests.parts.engines import output_of
from tests.parts.process import need


def names_in(layout: Path) -> set[str]:
    """The images that it sees."""
    return set(output_of([need("umoci", "umoci"), "ls", "--layout", str(layout)]).split())


def unpacked_from(layout: Path, name: str, folder: Path) -> Path:
    """The root file system of an image."""
    output_of([need("umoci", "umoci"), "raw", "unpack", "--image", f"{layout}:{name}", str(folder)])
    return folder
