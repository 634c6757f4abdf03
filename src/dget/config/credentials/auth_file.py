"""The form in which Docker, podman and dget keep credentials: `auths`, `credHelpers` and `credsStore` in JSON.

Sources: docker/cli, cli/config/configfile; containers-auth.json(5).
"""

import base64
import binascii
from pathlib import Path
from typing import Any

import msgspec

from dget.config.credentials.bounded import read_bounded
from dget.config.credentials.server_names import keys_for, normal_key
from dget.errors import UsageError
from dget.protocol.auth import Credential


class AuthEntry(msgspec.Struct, omit_defaults=True):
    """What stands under one key. auth: `NAME:PASSWORD` in base64; an entry may be empty, where a helper has the rest."""

    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None

    def __repr__(self) -> str:
        return "AuthEntry(…)"


class _Content(msgspec.Struct, rename="camel"):
    auths: dict[str, AuthEntry | None] | None = None
    cred_helpers: dict[str, str] | None = None
    creds_store: str | None = None


class AuthFile:
    """One such file, read. name: the file, for people."""

    def __init__(self, name: str, content: _Content) -> None:
        self.name = name
        self.helper_for_all = content.creds_store or None
        self._entries = {key: entry or AuthEntry() for key, entry in (content.auths or {}).items()}
        self._helpers = content.cred_helpers or {}

    @classmethod
    def read(cls, path: Path) -> "AuthFile | None":
        """None where there is no such file. Raises StorageError, UsageError."""
        data = read_bounded(path)
        return None if data is None else cls.parse(data, str(path))

    @classmethod
    def parse(cls, data: bytes, name: str) -> "AuthFile":
        """Raises UsageError where it is not of this form. An empty file says nothing, as Docker sees it."""
        if not data.strip():
            return cls(name, _Content())
        try:
            return cls(name, msgspec.json.decode(data, type=_Content))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            # The decoder's words name places and types, never values.
            raise UsageError(
                f"{name} cannot be read: {error}", hint="correct it, or move it away and log in anew"
            ) from error

    def helper_for(self, domain: str) -> tuple[str, str] | None:
        """The credential helper for this registry alone, and the key that says so."""
        for key in sorted(self._helpers):
            if normal_key(key) == normal_key(domain) and self._helpers[key]:
                return self._helpers[key], key
        return None

    def mentions(self, domain: str) -> bool:
        """Whether somebody logged in to this registry: with a helper, Docker leaves an empty entry."""
        return any(normal_key(key) == normal_key(domain) for key in self._entries)

    def credential(self, domain: str, repository: str) -> Credential | None:
        """By the longest key that holds for the repository. Raises UsageError where its entry makes no sense."""
        for wanted in keys_for(domain, repository):
            # As it is written comes before what means the same.
            keys = sorted((key for key in self._entries if normal_key(key) == wanted), key=lambda key: key != wanted)
            for key in keys:
                if credential := _credential(self._entries[key], f"{self.name}, {key}"):
                    return credential
        return None


def entry_of(credential: Credential) -> dict[str, Any]:
    """The entry that says this credential."""
    pair = f"{credential.username}:{credential.password}".encode()
    entry = AuthEntry(
        auth=base64.b64encode(pair).decode() if credential.username else None,
        identitytoken=credential.identity_token or None,
        registrytoken=credential.registry_token or None,
    )
    plain: dict[str, Any] = msgspec.to_builtins(entry)
    return plain


def _credential(entry: AuthEntry, source: str) -> Credential | None:
    """source: file and key, for people."""
    name, password = entry.username or "", entry.password or ""
    if entry.auth:
        name, password = _decoded(entry.auth, source)
    token = entry.registrytoken or ""
    if not (token.isascii() and token.isprintable()):
        raise UsageError(f"{source}: the registrytoken holds characters that no token has")
    if not (name and password) and not entry.identitytoken and not token:
        return None
    return Credential(
        username=name,
        password=password,
        identity_token=entry.identitytoken or "",
        registry_token=token,
        source=source,
    )


def _decoded(auth: str, source: str) -> tuple[str, str]:
    """Name and password out of `auth`."""
    try:
        text = base64.b64decode(auth, validate=True).decode()
    except (binascii.Error, ValueError):
        raise UsageError(f"{source}: auth is not base64", hint="log in anew: dget login HOST") from None
    name, colon, password = text.partition(":")
    if not colon or not name:
        raise UsageError(f"{source}: auth does not hold NAME:PASSWORD", hint="log in anew: dget login HOST")
    # Older versions of Docker filled up with zeros.
    return name, password.strip("\0")
