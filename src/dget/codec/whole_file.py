"""Small files that are there whole or not at all."""

import secrets
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Raises OSError."""
    # Process ids do not tell threads apart, nor processes of several machines on one disk.
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
