"""Whether what a person named is a file or folder that holds an image."""

from pathlib import Path

from dget.codec import Compression, detect_compression

# POSIX.1-2017, pax, ustar interchange format.
_TAR_MAGIC_AT, _TAR_MAGIC = 257, b"ustar"


def holds_image(word: str) -> bool:
    """Whether a path leads to an OCI folder or to what begins as an archive does; nothing else is looked at."""
    path = Path(word)
    try:
        if path.is_dir():
            return (path / "oci-layout").is_file()
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_TAR_MAGIC_AT + len(_TAR_MAGIC))
    except (OSError, ValueError):
        return False
    return detect_compression(head) is not Compression.NONE or head[_TAR_MAGIC_AT:] == _TAR_MAGIC
