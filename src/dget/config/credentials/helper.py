"""Programs that keep credentials: `docker-credential-NAME get|store|erase|list`, by their published protocol.

Source: docker/docker-credential-helpers, README.md, "Development".
"""

import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import msgspec

from dget.discreet import Discreet
from dget.errors import Unauthorized
from dget.protocol.auth import Credential

if TYPE_CHECKING:
    import subprocess

# It may have to ask a person for a passphrase.
_TIMEOUT = 60.0
_OUTPUT_MAX = 1 << 20
# This user name says that the secret is an identity token (docker/cli, cli/config/credentials/native_store.go).
_TOKEN_NAME = "<token>"  # noqa: S105 - a name that stands for one
_NOT_FOUND = b"credentials not found"


class BrokenHelper(Unauthorized):
    """A credential helper is missing, fails, hangs, or answers nonsense."""


class _Answer(msgspec.Struct, rename={"username": "Username", "secret": "Secret"}):
    username: str = ""
    secret: str = ""


class _Stored(msgspec.Struct, rename={"server": "ServerURL", "username": "Username", "secret": "Secret"}):
    server: str
    username: str
    secret: str


class Helper(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """name: what stands behind `docker-credential-`; environment: its own, PATH included; timeout: seconds.

    What it prints is never shown, since that may be a secret. Every method raises BrokenHelper.
    """

    secrets = frozenset(("environment",))

    name: str
    environment: Mapping[str, str]
    timeout: float = _TIMEOUT

    @property
    def program(self) -> str:
        return f"docker-credential-{self.name}"

    def get(self, server: str) -> Credential | None:
        """None where it knows no credential for this server."""
        status, output = self._run("get", server.encode())
        if output.strip().lower().startswith(_NOT_FOUND):
            return None
        self._check("get", status, f"echo {server} | {self.program} get")
        try:
            answer = msgspec.json.decode(output, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._broken(f"answered something that is no credential for {server}") from None
        if not answer.secret:
            return None
        if answer.username == _TOKEN_NAME:
            return Credential(identity_token=answer.secret, source=self.program)
        return Credential(username=answer.username, password=answer.secret, source=self.program)

    def store(self, server: str, credential: Credential) -> None:
        name, secret = credential.username, credential.password
        if credential.identity_token:
            name, secret = _TOKEN_NAME, credential.identity_token
        status, _ = self._run("store", msgspec.json.encode(_Stored(server, name, secret)))
        self._check("store", status)

    def erase(self, server: str) -> None:
        """Does nothing where it has none for this server."""
        status, output = self._run("erase", server.encode())
        if not output.strip().lower().startswith(_NOT_FOUND):
            self._check("erase", status)

    def servers(self) -> dict[str, str]:
        """User names, by server: what it lists."""
        status, output = self._run("list", b"")
        self._check("list", status)
        try:
            return msgspec.json.decode(output, type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._broken("answered something that is no list of servers") from None

    def _run(self, action: str, given: bytes) -> tuple[int, bytes]:
        """Exit status and standard output."""
        import subprocess

        until = time.monotonic() + self.timeout
        process = self._started(action)
        assert process.stdin is not None
        assert process.stdout is not None
        answer: list[bytes] = []
        # Not communicate(): what a helper starts may hold the pipe open longer than the helper lives.
        reader = threading.Thread(target=_read, args=(process.stdout, answer), name="dget-helper", daemon=True)
        reader.start()
        try:
            with suppress(OSError), process.stdin:
                process.stdin.write(given)
            reader.join(self.timeout)
            if not answer:
                raise self._broken(f"did not answer within {self.timeout:g} seconds")
            if len(answer[0]) > _OUTPUT_MAX:
                raise self._broken(f"answered with more than {_OUTPUT_MAX >> 20} MB")
            return process.wait(max(until - time.monotonic(), 0.1)), answer[0]
        except subprocess.TimeoutExpired:
            raise self._broken(f"did not end within {self.timeout:g} seconds") from None
        finally:
            process.kill()
            process.wait()

    def _started(self, action: str) -> "subprocess.Popen[bytes]":
        import subprocess

        if not self.name or any(mark in self.name for mark in "/\\\0"):
            raise self._broken("is no name of a program")
        program = shutil.which(self.program, path=self.environment.get("PATH", ""))
        if program is None:
            raise self._broken("is not installed: it is not in PATH")
        try:
            return subprocess.Popen(
                [program, action],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=dict(self.environment),
                bufsize=0,
            )
        except OSError as error:
            raise self._broken(f"cannot be run: {error.strerror or error}") from error

    def _check(self, action: str, status: int, command: str = "") -> None:
        if status:
            said = f"to see why, run it yourself: {command}" if command else None
            raise self._broken(f"failed to {action} (exit status {status})", said)

    def _broken(self, what: str, hint: str | None = None) -> BrokenHelper:
        return BrokenHelper(
            f"the credential helper {self.program} {what}",
            hint=hint or "repair it, or take it out of the configuration that names it",
        )


def _read(stream: IO[bytes], answer: list[bytes]) -> None:
    """All of it, or as much as shows that it is too much."""
    data = bytearray()
    with stream:
        while len(data) <= _OUTPUT_MAX and (more := stream.read(_OUTPUT_MAX)):
            data += more
    answer.append(bytes(data))
