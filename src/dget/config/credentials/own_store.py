"""What `dget login` keeps: in a credential helper, in the keyring, or else in a file that its owner alone may read."""

import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from dget.config.credentials.auth_file import entry_of
from dget.config.credentials.docker_config import DockerConfig
from dget.config.credentials.helper import BrokenHelper, Helper
from dget.config.credentials.keyring_store import KeyringStore
from dget.config.credentials.own_file import NAME, OwnFile
from dget.config.credentials.places import config_folder, home_folder
from dget.config.credentials.server_names import normal_key
from dget.errors import StorageError, UsageError
from dget.flow import Noted, Observer, Warned
from dget.protocol.auth import Credential

# Apart from Docker's own entries in the same helper: a logout of the one is none of the other.
_SERVER = "https://dget/{}"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """place: where, for people; in_clear: whether who can read that file can read the password."""

    place: str
    in_clear: bool


class OwnStore:
    """No helper is asked for a registry that nobody logged in to with dget. place: for people."""

    def __init__(self, environment: Mapping[str, str], observer: Observer) -> None:
        self._environment = environment
        self._observer = observer
        folder = config_folder(environment)
        self._file = OwnFile(folder / NAME) if folder else None
        self.place = f"dget's own {self._file.path if self._file else NAME}"

    def find(self, domain: str, repository: str = "") -> Credential | None:
        """Raises UsageError, StorageError, BrokenHelper."""
        if self._file is None:
            return None
        registry = normal_key(domain)
        auths = self._file.auths()
        if own := auths.helper_for(registry):
            found = self._helper(own[0]).get(_SERVER.format(registry))
        elif self._file.in_keyring(registry):
            found = _opened_keyring(registry).get(registry)
        else:
            return auths.credential(registry, repository)
        return found and replace(found, source=f"{found.source}, named in {self._file.path}")

    def keep(self, domain: str, credential: Credential) -> Kept:
        """In the safest place that there is. Raises UsageError, StorageError."""
        if self._file is None:
            raise UsageError("there is no home folder to keep credentials in", hint="set HOME, or XDG_CONFIG_HOME")
        registry = normal_key(domain)
        # What was kept elsewhere before; where that cannot be reached, the new one counts all the same.
        with suppress(BrokenHelper, StorageError):
            self.forget(registry)
        if helper := self._keep_in_helper(registry, credential):
            self._file.keep_in_helper(registry, helper.name)
            return Kept(place=helper.program, in_clear=False)
        if self._keep_in_keyring(registry, credential):
            self._file.keep_in_keyring(registry)
            return Kept(place="the keyring", in_clear=False)
        self._file.keep(registry, entry_of(credential))
        return Kept(place=str(self._file.path), in_clear=True)

    def forget(self, domain: str) -> str | None:
        """Removes what was kept; where that was, or None where nothing was.

        Raises UsageError, StorageError, and BrokenHelper where its helper keeps it still.
        """
        if self._file is None:
            return None
        registry = normal_key(domain)
        auths = self._file.auths()
        if own := auths.helper_for(registry):
            helper = self._helper(own[0])
            helper.erase(_SERVER.format(registry))
            place = helper.program
        elif self._file.in_keyring(registry):
            _opened_keyring(registry).erase(registry)
            place = "the keyring"
        elif auths.mentions(registry):
            place = str(self._file.path)
        else:
            return None
        self._file.forget(registry)
        return place

    def _helper(self, name: str) -> Helper:
        return Helper(name=name, environment=self._environment)

    def _keep_in_helper(self, registry: str, credential: Credential) -> Helper | None:
        """The helper that took it. One that fails is passed over, and named."""
        chosen = DockerConfig(self._environment, self._observer).helper_for_all()
        usual = usual_helper(self._environment)
        for helper, tell in ((chosen, Warned), (usual and self._helper(usual), Noted)):
            if not helper:
                continue
            try:
                helper.store(_SERVER.format(registry), credential)
            except BrokenHelper as error:
                self._observer(tell(text=f"{error.message}; the credentials are kept elsewhere"))
                continue
            return helper
        return None

    def _keep_in_keyring(self, registry: str, credential: Credential) -> bool:
        keyring = KeyringStore.open()
        if keyring is None:
            return False
        try:
            keyring.store(registry, credential)
        except StorageError as error:
            self._observer(Warned(text=f"{error.message}; the credentials are kept elsewhere"))
            return False
        return True


def usual_helper(environment: Mapping[str, str]) -> str | None:
    """The helper that belongs to this system, where it is installed and has been set up."""
    match sys.platform:
        case "darwin":
            name = "osxkeychain"
        case "win32":
            name = "wincred"
        case _ if _pass_is_set_up(environment):
            name = "pass"
        case _ if environment.get("DBUS_SESSION_BUS_ADDRESS"):
            name = "secretservice"
        case _:
            return None
    return name if shutil.which(f"docker-credential-{name}", path=environment.get("PATH", "")) else None


def _pass_is_set_up(environment: Mapping[str, str]) -> bool:
    home = home_folder(environment)
    chosen = environment.get("PASSWORD_STORE_DIR")
    folder = Path(chosen) if chosen else home and home / ".password-store"
    return bool(folder and (folder / ".gpg-id").is_file())


def _opened_keyring(registry: str) -> KeyringStore:
    keyring = KeyringStore.open()
    if keyring is None:
        raise StorageError(
            f"the credentials for {registry} are in the keyring, which cannot be opened",
            hint=f"install the keyring package again, or log in anew: dget login {registry}",
        )
    return keyring
