"""Small files that are there whole or not at all."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dget.codec.files import sync_folder


def write_whole(path: Path, data: bytes, *, beside: Path | None = None) -> None:
    """beside: what it is called until it is whole, with an ending; None is as in the end. Raises OSError."""
    _write(path, beside or path, lambda part: part.write_bytes(data))


def write_durably(path: Path, data: bytes) -> None:
    """The same of what nobody could make anew: it is there after a power cut, too, and stays whose it was to read and
    write. Raises OSError.
    """
    import shutil

    def write(part: Path) -> None:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # Where there is none yet, or the disk knows no modes, it is as new files are.
        with suppress(OSError):
            shutil.copymode(path, part)

    _write(path, path, write)
    sync_folder(path.parent)


def _write(path: Path, beside: Path, write: Callable[[Path], object]) -> None:
    # Process ids do not tell threads apart, nor processes of several machines on one disk.
    part = beside.with_name(f"{beside.name}.{os.urandom(8).hex()}")
    try:
        write(part)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
