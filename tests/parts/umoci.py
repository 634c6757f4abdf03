"""umoci: takes OCI layout folders apart."""

from pathlib import Path

from tests.parts.engines import output_of
from tests.parts.process import need


class Umoci:
    def __init__(self) -> None:
        need("umoci", "umoci")

    def list(self, layout: Path) -> set[str]:
        """The names that it sees."""
        return set(output_of(["umoci", "ls", "--layout", str(layout)]).split())

    def unpack(self, layout: Path, name: str, folder: Path) -> Path:
        """The root file system of an image."""
        output_of(["umoci", "raw", "unpack", "--image", f"{layout}:{name}", str(folder)])
        return folder
