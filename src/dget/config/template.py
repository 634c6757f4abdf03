"""A `config.toml` to begin with: every setting, commented out."""

import errno
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

from dget.config.hosts import HostSettings
from dget.config.setting import Setting, settings_in
from dget.config.settings import Settings
from dget.errors import StorageError, UsageError

_WIDTH = 100
_BEFORE = """\
# What dget does unless the environment (DGET_...) or the command line says otherwise.
# To set something, take the "#" away from its line. A path begins at this file's folder.
# `dget config show` shows what is in effect, and where it came from.
"""
_HOST = "reg.example:5000"


def template() -> str:
    lines = [_BEFORE]
    for one in settings_in(Settings):
        if one.in_file and one.flag:
            lines += [*_entry(one), ""]
    lines += _hosts_entry()
    return "\n".join(lines) + "\n"


def write_template(path: Path) -> None:
    """Raises UsageError where the file is there already, StorageError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
        try:
            # A proxy's address may hold a password: its owner's alone from the first moment on.
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(template())
            _name(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        if path.exists():
            raise UsageError(
                f"{path} is there already", hint="it is left as it is: edit it, or remove it first"
            ) from error
        raise StorageError(f"cannot write {path}: {error.strerror}", hint="DGET_CONFIG names another place") from error


def _name(part: Path, path: Path) -> None:
    """Gives a whole file its name, unless another has it. Raises OSError."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links, or a Windows that allows none.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.rename(path)


def _entry(one: Setting) -> Iterator[str]:
    yield from textwrap.wrap(one.help, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    yield f"#{one.key} = {one.kind.example}"


def _hosts_entry() -> Iterator[str]:
    yield '# One registry alone, by the name that images give it; "docker.io" is Docker Hub.'
    yield f'#[hosts."{_HOST}"]'
    for one in settings_in(HostSettings):
        yield from _entry(one)
