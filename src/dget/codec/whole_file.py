"""Small files that are there whole or not at all."""

import os
import secrets
from pathlib import Path

from dget.codec.files import sync_folder


def write_whole(path: Path, data: bytes) -> None:
    """Raises OSError."""
    part = _beside(path)
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def write_durably(path: Path, data: bytes) -> None:
    """The same of what nobody could make anew: it is there after a power cut, too. Raises OSError."""
    part = _beside(path)
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _beside(path: Path) -> Path:
    # Process ids do not tell threads apart, nor processes of several machines on one disk.
    return path.with_name(f"{path.name}.{secrets.token_hex(8)}")
