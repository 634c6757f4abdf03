"""What can go wrong, in words for the person: one class per thing that a caller may want to catch."""

from collections.abc import Sequence

_TEMPORARY_STATUSES = frozenset((408, 425, 500, 502, 503, 504))
# Characters: a message may quote a name that a stranger made a megabyte long.
_SAID_MAX = 2_000


class DgetError(Exception):
    """Any failure that dget explains.

    code: stable name for scripts; exit_status: what the command ends with; hint: what the person can do;
    retry_after: seconds that a server asked us to wait, where it did; blob: the digest of the one that it is about, where
    it came while blobs were brought.
    """

    code = "internal"
    exit_status = 1
    retry_after: float | None = None
    blob: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = _shortened(message)
        self.hint = _shortened(hint) if hint else None
        super().__init__(self.message)

    @property
    def temporary(self) -> bool:
        """Whether the same thing may go well when it is tried again."""
        return False


class UsageError(DgetError):
    """The command line, an environment variable or a configuration file is wrong."""

    code = "usage"
    exit_status = 2


class NotFound(DgetError):
    """The registry has no such repository, tag or digest."""

    code = "not-found"
    exit_status = 3


class Unauthorized(DgetError):
    """Credentials are missing or were refused."""

    code = "unauthorized"
    exit_status = 4


class NetworkError(DgetError):
    """A host could not be reached, went silent, broke off, is not trusted, or talks nonsense."""

    code = "network"
    exit_status = 5

    def __init__(self, message: str, *, hint: str | None = None, temporary: bool = False) -> None:
        super().__init__(message, hint=hint)
        self._temporary = temporary

    @property
    def temporary(self) -> bool:
        return self._temporary

    @property
    def unreachable(self) -> bool:
        """Whether the host was not found, or nobody answered there: a wrong name, or a network that is gone."""
        return False


class ProxyError(NetworkError):
    """A proxy could not be reached, wants to know who asks, or does not let a request through.

    proxy: its host and port; status: HTTP status of its answer, 0 where it gave none.
    """

    def __init__(
        self, message: str, *, proxy: str, status: int = 0, hint: str | None = None, temporary: bool = False
    ) -> None:
        super().__init__(message, hint=hint, temporary=temporary)
        self.proxy = proxy
        self.status = status


class RegistryError(NetworkError):
    """An answer of a registry that is an error.

    status: HTTP status; error_code: the registry's own, e.g. `MANIFEST_INVALID`, or an empty string.
    Source: OCI distribution specification, "Error Codes".
    """

    def __init__(self, message: str, *, status: int, error_code: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint, temporary=status in _TEMPORARY_STATUSES)
        self.status = status
        self.error_code = error_code


class IntegrityError(DgetError):
    """Bytes did not match their digest or size. Asked for afresh, they may."""

    code = "integrity"
    exit_status = 6

    @property
    def temporary(self) -> bool:
        return True


class DamagedFile(IntegrityError):
    """A file on this machine does not hold what it says; read again, it will not either."""

    @property
    def temporary(self) -> bool:
        return False


class RateLimited(DgetError):
    """The registry's quota is used up."""

    code = "rate-limited"
    exit_status = 7

    @property
    def temporary(self) -> bool:
        return True


class StorageError(DgetError):
    """The disk is full, a path may not be written or read, or another process holds it."""

    code = "storage"
    exit_status = 8


class DiskFull(StorageError):
    """No room is left on the disk, or of what one person may take of it."""


class NoSuchPlatform(DgetError):
    """The image is not built for the platform that was asked for. available: those that it has."""

    code = "no-platform"
    exit_status = 9

    def __init__(self, subject: str, wanted: object, available: Sequence[object]) -> None:
        self.available = [str(platform) for platform in available]
        listed = ", ".join(self.available) or "none"
        super().__init__(
            f"{subject} is not built for {wanted}; it has: {listed}",
            hint=f"choose one with -arch, for example: -arch {self.available[0]}" if available else None,
        )


class Unsupported(DgetError):
    """A kind of image or artifact that dget or the chosen format cannot hold."""

    code = "unsupported"
    exit_status = 10


class Partial(DgetError):
    """Of several images some failed. failures: each one's name and error."""

    code = "partial"
    exit_status = 11

    def __init__(self, failures: Sequence[tuple[str, DgetError]], total: int) -> None:
        self.failures = list(failures)
        names = ", ".join(name for name, _ in failures)
        others = "; the others are done" if len(failures) < total else ""
        super().__init__(
            f"{len(failures)} of {total} images failed: {names}", hint=f"the reason of each stands above{others}"
        )


class Cancelled(DgetError):
    """Stopped from outside: Ctrl-C, a signal, or the caller's Cancel."""

    code = "cancelled"
    exit_status = 130


def _shortened(text: str) -> str:
    """Without its middle where it is too long: what failed stands at the beginning, and why at the end."""
    return text if len(text) <= _SAID_MAX else f"{text[: _SAID_MAX * 3 // 4]} … {text[-_SAID_MAX // 4 :]}"
