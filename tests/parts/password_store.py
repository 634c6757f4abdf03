"""pass, the standard Unix password manager, with a throw-away key; `docker-credential-pass` keeps credentials in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.process import need

_TIMEOUT = 60


class PasswordStore:
    """Lives for the length of a `with`; its agent ends with it. environment: what its users need to find it."""

    def __init__(self) -> None:
        need("docker-credential-pass", "golang-docker-credential-helpers")
        need("pass", "pass")
        need("gpg", "gnupg")
        # The address of the agent's socket has 107 bytes at most, and a test's folder is long.
        self._folder = Path(tempfile.mkdtemp(prefix="dget-pass-"))
        (self._folder / "gnupg").mkdir(mode=0o700)
        self.environment = {
            "GNUPGHOME": str(self._folder / "gnupg"),
            "PASSWORD_STORE_DIR": str(self._folder / "store"),
        }

    def __enter__(self) -> Self:
        try:
            words = "--batch --quiet --pinentry-mode loopback --quick-generate-key".split()
            self._run("gpg", *words, "--passphrase", "", "dget test", "future-default", "default", "never")
            self._run("pass", "init", "dget test")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @property
    def names(self) -> list[str]:
        """Of the entries, as files: the helper's server in base64, then the user."""
        store = self._folder / "store"
        return sorted(str(path.relative_to(store)) for path in store.rglob("*.gpg"))

    def _run(self, *command: str) -> None:
        environment: Mapping[str, str] = {**os.environ, **self.environment, "HOME": str(self._folder)}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=_TIMEOUT)

    def _remove(self) -> None:
        # Asks the agent of this folder alone.
        self._run("gpgconf", "--kill", "all")
        shutil.rmtree(self._folder, ignore_errors=True)
