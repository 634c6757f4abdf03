"""Opening a file or folder that holds images, whatever it is packed in."""

import shutil
from pathlib import Path

from dget.archive.readers.members import FolderMembers, Members, TarMembers
from dget.codec import Compression, Decompressed, ScratchFolder, detect_compression, disk_errors
from dget.codec.compression import MAGIC_SIZE
from dget.codec.readable import PlainFile, Readable, ScratchFile, StoredGzipFile
from dget.errors import DamagedFile, IntegrityError, NotFound, StorageError, UsageError
from dget.flow import Cancel, Observer, Stage

_PIECE = 1 << 20
# Left free on the disk that a file is unpacked to.
_RESERVE = 256 << 20
_HINT = "choose another folder for temporary files with TMPDIR, or unpack the archive first"


def outer_compression(path: Path) -> Compression:
    """What a file is packed with. Raises StorageError."""
    with disk_errors(path, "read"), path.open("rb") as file:
        return detect_compression(file.read(MAGIC_SIZE))


def open_members(path: Path, *, cancel: Cancel, observer: Observer) -> Members:
    """A compressed file is unpacked once, into a temporary one; what dget wrote needs none of that.

    Raises NotFound, StorageError, DamagedFile, Unsupported.
    """
    if path.is_dir():
        return FolderMembers(path)
    if not path.exists():
        raise NotFound(
            f"there is no file {path}", hint=f"if it is an image's name at a registry: docker://{path.as_posix()}"
        )
    if not path.is_file():
        raise UsageError(f"{path} is neither a file nor a folder", hint="an archive is read at many places at once")
    return TarMembers(path, _plain(path, cancel, observer))


def _plain(path: Path, cancel: Cancel, observer: Observer) -> Readable:
    compression = outer_compression(path)
    if compression is Compression.NONE:
        return PlainFile(path)
    if compression is Compression.GZIP and (stored := StoredGzipFile.open(path)):
        return stored
    observer(Stage(text=f"unpacking {path.name} ({compression.value}) into a temporary file"))
    scratch = ScratchFolder()
    target = scratch.path / "unpacked.tar"
    try:
        with disk_errors(path, "read"), path.open("rb") as packed:
            _unpack(Decompressed(packed, str(path)), path, target, cancel)
        return ScratchFile(target, scratch)
    except IntegrityError as error:
        scratch.remove()
        raise DamagedFile(error.message, hint="it may have been cut") from error
    except BaseException:
        scratch.remove()
        raise


def _unpack(source: Decompressed, path: Path, target: Path, cancel: Cancel) -> None:
    """path: what `source` reads. Raises StorageError before the disk is full, whatever a small file unpacks to."""

    def piece() -> bytes:
        with disk_errors(path, "read"):
            return source.read(_PIECE)

    with disk_errors(target, "write", hint=_HINT), target.open("wb") as unpacked:
        left = shutil.disk_usage(target.parent).free - _RESERVE
        for data in iter(piece, b""):
            cancel.check()
            left -= len(data)
            if left < 0:
                raise StorageError(
                    f"the disk has no room for what this archive unpacks to: {target.parent}", hint=_HINT
                )
            unpacked.write(data)
