"""What an entry says of a file or folder, restored on its open handle."""

import errno
import os
import sys

from dget.archive.layers.entry import Entry

# The machine's own policy sets these; a label from elsewhere would be wrong.
_NOT_OURS = frozenset(("security.selinux",))
_MAY_NOT = frozenset((errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOENT))


def restore(handle: int, entry: Entry, *, owners: bool) -> int:
    """Owner where `owners`, then mode (a change of owner clears set-id bits), attributes and time.

    How many attributes could not be set. Raises OSError.
    """
    if sys.platform == "win32":
        return 0
    if owners:
        os.fchown(handle, entry.uid, entry.gid)
    os.fchmod(handle, entry.mode)
    refused = set_attributes(handle, entry)
    os.utime(handle, ns=(entry.mtime_ns, entry.mtime_ns))
    return refused


def set_attributes(where: int | str, entry: Entry) -> int:
    """where: a handle, or a path whose last name is not followed. How many could not be set. Raises OSError."""
    if sys.platform != "linux":
        return len(entry.xattrs)
    refused = 0
    for name, value in entry.xattrs:
        if name in _NOT_OURS:
            continue
        try:
            if isinstance(where, int):
                os.setxattr(where, name, value)
            else:
                os.setxattr(where, name, value, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _MAY_NOT:
                raise
            refused += 1
    return refused
