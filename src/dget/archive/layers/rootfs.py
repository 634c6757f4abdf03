"""An image's root file system, written to a tar or a folder."""

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from dget.archive.layers.layers import LayerReader
from dget.archive.layers.rootfs_folder import RootfsFolder
from dget.archive.layers.rootfs_tar import RootfsTar
from dget.archive.layers.unpack import Plan
from dget.codec import FileLock, disk_errors
from dget.errors import StorageError
from dget.flow import ByteSink


def write_rootfs_tar(layers: LayerReader, sink: ByteSink) -> None:
    """All of the image's files as one tar, from the first byte to the last. Equal layers give equal bytes.

    Raises what layers and sink raise.
    """
    plan = Plan.of(layers.merge().root)
    target = RootfsTar(sink)
    plan.write(layers, target)
    target.finish()


def write_rootfs_folder(layers: LayerReader, folder: Path) -> Sequence[str]:
    """All of the image's files as a folder, which gets its name when it is whole; what was left out, for people.

    Raises StorageError where there is something at `folder`, and what layers raise.
    """
    return write_folder(layers, Plan.of(layers.merge().root), folder)


def write_folder(layers: LayerReader, plan: Plan, folder: Path) -> Sequence[str]:
    """What `plan` names, as `write_rootfs_folder`."""
    _refuse_what_is_there(folder)
    part = folder.with_name(f"{folder.name}.part")
    with disk_errors(folder.parent, "write into the folder", hint="choose another place"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock.try_take(part.with_name(f"{part.name}.lock"))
    if lock is None:
        raise StorageError(
            f"another process is writing {folder} now", hint="wait until it ends, or choose another name"
        )
    try:
        with disk_errors(part, "remove what a former run left,"):
            _remove(part)
        return _write_part(layers, plan, part, folder)
    finally:
        lock.release()


def _write_part(layers: LayerReader, plan: Plan, part: Path, folder: Path) -> Sequence[str]:
    try:
        target = RootfsFolder(part)
        try:
            plan.write(layers, target)
            target.finish()
        finally:
            target.close()
        with disk_errors(folder, "replace"):
            part.replace(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            _remove(part)
        raise
    return target.left_out


def _refuse_what_is_there(folder: Path) -> None:
    with disk_errors(folder, "look at"):
        if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
            raise StorageError(
                f"{folder} is there already, and is not an empty folder", hint="remove it, or choose another name"
            )


def _remove(part: Path) -> None:
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)
