"""What Docker knows: `config.json`, the helpers that it names, and `DOCKER_AUTH_CONFIG`."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from dget.config.credentials.auth_file import AuthFile
from dget.config.credentials.helper import BrokenHelper, Helper
from dget.config.credentials.places import home_folder
from dget.config.credentials.server_names import docker_server
from dget.flow import Observer, Warned
from dget.protocol.auth import Credential

# The content of a config.json; CI systems set it (docker/cli, configfile: GetCredentialsStore).
_CONTENT_VARIABLE = "DOCKER_AUTH_CONFIG"


class DockerConfig:
    """Read when it is first asked. place: for people."""

    def __init__(self, environment: Mapping[str, str], observer: Observer) -> None:
        self._environment = environment
        self._observer = observer
        self._path = docker_config_path(environment)
        self.place = f"Docker's {self._path or 'config.json'}"

    def find(self, domain: str, repository: str) -> Credential | None:
        """Raises UsageError, StorageError; BrokenHelper where it is configured for this registry."""
        if (content := self._variable) and (found := content.credential(domain, repository)):
            return found
        if self._file is None:
            return None
        return self._from_helper(self._file, domain) or self._file.credential(domain, repository)

    def helper_for_all(self) -> Helper | None:
        """The one that Docker was told to keep everything in. Raises UsageError, StorageError."""
        if self._file is None or self._file.helper_for_all is None:
            return None
        return Helper(name=self._file.helper_for_all, environment=self._environment)

    @cached_property
    def _file(self) -> AuthFile | None:
        return AuthFile.read(self._path) if self._path else None

    @cached_property
    def _variable(self) -> AuthFile | None:
        content = self._environment.get(_CONTENT_VARIABLE)
        return AuthFile.parse(content.encode(errors="surrogateescape"), _CONTENT_VARIABLE) if content else None

    def _from_helper(self, file: AuthFile, domain: str) -> Credential | None:
        if own := file.helper_for(domain):
            name, key = own
            found = Helper(name=name, environment=self._environment).get(docker_server(domain))
            return found and replace(found, source=f"{found.source}, named in {file.name} for {key}")
        if file.helper_for_all is None:
            return None
        try:
            found = Helper(name=file.helper_for_all, environment=self._environment).get(docker_server(domain))
        except BrokenHelper as error:
            # It is named for everything, also for registries that nobody logged in to: those go on without it.
            if file.mentions(domain):
                raise
            self._observer(Warned(text=f"{error.message}; {domain} is asked without it"))
            return None
        return found and replace(found, source=f"{found.source}, named in {file.name}")


def docker_config_path(environment: Mapping[str, str]) -> Path | None:
    """None where there is no home to look in."""
    if chosen := environment.get("DOCKER_CONFIG"):
        return Path(chosen) / "config.json"
    home = home_folder(environment)
    return home / ".docker" / "config.json" if home else None
