"""Single files of an image: their bytes, and copies of them."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from dget.archive.layers.entry import Entry, Kind, shown
from dget.archive.layers.layers import LayerReader
from dget.archive.layers.look_up import Found
from dget.archive.layers.restore import restore
from dget.archive.layers.rootfs_folder import NEW_FILE, write_contents
from dget.archive.layers.unpack import Contents
from dget.codec import disk_errors
from dget.errors import IntegrityError, UsageError
from dget.flow import ByteSink

_ZEROS = bytes(1 << 20)


def send_file(layers: LayerReader, found: Found, sink: ByteSink) -> int:
    """All bytes of a file, in order, holes as zeros; how many they are. Raises UsageError where it is no file."""
    entry = _file_of(found)
    with _opened(layers, found.layer, entry) as contents:
        end = 0
        for at, data in contents:
            _send_zeros(at - end, sink)
            sink.write(data)
            end = at + len(data)
        _send_zeros(entry.size - end, sink)
    return entry.size


def copy_file(layers: LayerReader, found: Found, target: Path) -> int:
    """A copy with its mode and time, for root with its owner, in place of what was at `target`; its size.

    A symlink there is replaced, not followed. Raises StorageError.
    """
    entry = _file_of(found)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    as_root = os.name == "posix" and os.geteuid() == 0
    with disk_errors(target, "write"), _opened(layers, found.layer, entry) as contents:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, NEW_FILE, 0o600)
        try:
            with os.fdopen(handle, "wb", buffering=0) as file:
                write_contents(file, entry, contents)
                restore(handle, entry, owners=as_root)
            part.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
    return entry.size


def _file_of(found: Found) -> Entry:
    """Raises UsageError where it is none."""
    if found.entry is None or found.kind is not Kind.FILE:
        raise UsageError(
            f"{shown('/' + '/'.join(found.path))} is a {found.kind}, not a file",
            hint="dget ls IMAGE PATH lists a folder",
        )
    return found.entry


@contextlib.contextmanager
def _opened(layers: LayerReader, number: int, wanted: Entry) -> Iterator[Contents]:
    with layers.open(number) as layer:
        for entry in layer:
            if entry.place == wanted.place:
                yield layer.contents()
                return
    raise IntegrityError(f"{shown('/'.join(wanted.path))} is not in its layer any more")


def _send_zeros(count: int, sink: ByteSink) -> None:
    while count > 0:
        sink.write(_ZEROS[:count])
        count -= len(_ZEROS)
