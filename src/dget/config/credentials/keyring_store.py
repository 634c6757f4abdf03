"""The system's place for passwords, through the `keyring` package where that is installed."""

from importlib import import_module
from typing import Any

import msgspec

from dget.errors import StorageError
from dget.protocol.auth import Credential

_SERVICE = "dget"
# keyring's own word for backends that keep secrets as they should be kept; plain-text ones have less.
_PRIORITY_MIN = 1


class _Secret(msgspec.Struct):
    username: str = ""
    password: str = ""
    identity_token: str = ""


class KeyringStore:
    """One entry a registry, under the service `dget`. Every method raises StorageError."""

    def __init__(self, keyring: Any) -> None:
        self._keyring = keyring

    @classmethod
    def open(cls) -> "KeyringStore | None":
        """None where the package is not installed, or this system has no place that it could use."""
        try:
            keyring = import_module("keyring")
            priority = float(keyring.get_keyring().priority)
        # Backends fail in ways of their own, from D-Bus to the key chain.
        except Exception:  # noqa: BLE001
            return None
        return cls(keyring) if priority >= _PRIORITY_MIN else None

    def get(self, registry: str) -> Credential | None:
        text = self._call("get_password", registry)
        if not text:
            return None
        try:
            secret = msgspec.json.decode(text, type=_Secret)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise StorageError(
                f"the keyring's entry for {registry} is not one of dget's", hint=f"log in anew: dget login {registry}"
            ) from None
        return Credential(
            username=secret.username,
            password=secret.password,
            identity_token=secret.identity_token,
            source="the keyring",
        )

    def store(self, registry: str, credential: Credential) -> None:
        secret = _Secret(credential.username, credential.password, credential.identity_token)
        self._call("set_password", registry, msgspec.json.encode(secret).decode())

    def erase(self, registry: str) -> None:
        """Does nothing where there is no entry."""
        if self._call("get_password", registry) is not None:
            self._call("delete_password", registry)

    def _call(self, name: str, *arguments: str) -> Any:
        try:
            return getattr(self._keyring, name)(_SERVICE, *arguments)
        except Exception as error:  # noqa: BLE001 - as above
            # Its own words may hold what was given to it.
            raise StorageError(
                f"the keyring failed ({type(error).__name__})", hint="unlock it, or log out and log in anew"
            ) from None
