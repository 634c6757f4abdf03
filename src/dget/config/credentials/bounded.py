"""Reading small files that people and other programs wrote."""

from pathlib import Path

from dget.codec import disk_errors
from dget.errors import UsageError

_SIZE_MAX = 4 << 20


def read_bounded(path: Path) -> bytes | None:
    """The file's bytes; None where there is none.

    Raises StorageError where it may not be read, UsageError where it is larger than such files are.
    """
    with disk_errors(path, "read", hint="credentials may stand there: see to its permissions, or name another file"):
        try:
            with path.open("rb") as file:
                data = file.read(_SIZE_MAX + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
    if len(data) > _SIZE_MAX:
        raise UsageError(f"{path} is larger than {_SIZE_MAX >> 20} MB: it holds no credentials")
    return data
