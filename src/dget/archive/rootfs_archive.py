"""An image's root file system, in place of an archive that engines load."""

import os
from pathlib import Path
from typing import BinaryIO

from dget.archive.exporter import Exported
from dget.archive.form import Form
from dget.archive.layers import LayerReader
from dget.archive.layers.rootfs import write_rootfs_folder, write_rootfs_tar
from dget.archive.output import FileOutput, Output, StreamOutput
from dget.archive.packing import compressing_packer
from dget.codec import disk_errors
from dget.flow import Observer, Warned


def rootfs_into_file(layers: LayerReader, form: Form, target: Path, observer: Observer) -> Exported:
    """A tar, or a folder that must not be there yet. Raises StorageError, and what layers raise."""
    if not form.folder:
        return _into(layers, form, FileOutput(target, observer))
    for text in write_rootfs_folder(layers, target):
        observer(Warned(text=text))
    return Exported(path=target, size=_size(target))


def rootfs_into_stream(layers: LayerReader, form: Form, stream: BinaryIO) -> Exported:
    return _into(layers, form, StreamOutput(stream))


def _into(layers: LayerReader, form: Form, out: Output) -> Exported:
    try:
        out.begin()
        packer = compressing_packer(form.compression, out)
        try:
            write_rootfs_tar(layers, packer)
            packer.finish()
        except BaseException:
            packer.abort()
            raise
        return out.finish()
    except BaseException:
        out.abort()
        raise


def _size(folder: Path) -> int:
    """Bytes of all files in it."""
    with disk_errors(folder, "look at"):
        return sum((Path(place) / name).lstat().st_size for place, _, names in os.walk(folder) for name in names)
