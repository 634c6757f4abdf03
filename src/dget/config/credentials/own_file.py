"""`credentials.json` in dget's configuration folder: where each registry's credentials are, or what they are.

It has Docker's form: `auths` holds credentials, `credHelpers` names the helpers that keep others; `keyrings` lists the
registries whose credentials the keyring keeps.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dget.codec import FileLock, disk_errors
from dget.config.credentials.auth_file import AuthFile
from dget.config.credentials.bounded import read_bounded
from dget.config.credentials.server_names import normal_key

NAME = "credentials.json"
_LOCKED_FOR_MAX = 5.0


class OwnFile:
    """Read anew by every call. Each raises StorageError, and UsageError where the file is not of this form."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def auths(self) -> AuthFile:
        return AuthFile.parse(read_bounded(self.path) or b"", str(self.path))

    def in_keyring(self, registry: str) -> bool:
        return registry in _keyrings(self._content())

    def keep(self, registry: str, entry: Mapping[str, Any]) -> None:
        """Puts the credentials themselves in, in place of what the file said of this registry."""
        self._change(registry, {"auths": {registry: entry}})

    def keep_in_helper(self, registry: str, helper: str) -> None:
        self._change(registry, {"credHelpers": {registry: helper}})

    def keep_in_keyring(self, registry: str) -> None:
        self._change(registry, {"keyrings": [registry]})

    def forget(self, registry: str) -> None:
        self._change(registry, {})

    def _content(self) -> dict[str, Any]:
        data = read_bounded(self.path) or b""
        AuthFile.parse(data, str(self.path))
        content: dict[str, Any] = msgspec.json.decode(data) if data.strip() else {}
        return content

    def _change(self, registry: str, more: Mapping[str, Any]) -> None:
        """Takes out what the file says of this registry, and puts `more` in."""
        with disk_errors(self.path, "write"):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock.take(self.path.with_name(f"{self.path.name}.lock"), within=_LOCKED_FOR_MAX)
        try:
            content = self._content()
            for section in ("auths", "credHelpers"):
                entries = content.get(section) or {}
                kept = {key: value for key, value in entries.items() if normal_key(key) != registry}
                content[section] = {**kept, **more.get(section, {})}
            others = [name for name in _keyrings(content) if name != registry]
            content["keyrings"] = [*others, *more.get("keyrings", [])]
            filled = {section: value for section, value in content.items() if value}
            with disk_errors(self.path, "write"):
                _write_for_owner(self.path, msgspec.json.format(msgspec.json.encode(filled), indent=2) + b"\n")
        finally:
            lock.release()


def _keyrings(content: Mapping[str, Any]) -> list[str]:
    listed = content.get("keyrings")
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def _write_for_owner(path: Path, data: bytes) -> None:
    """Replaces the file by one that its owner alone may read, from its first byte on. Raises OSError."""
    # People keep configuration elsewhere and link to it: the link stays.
    target = path.resolve()
    part = target.with_name(f"{target.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
