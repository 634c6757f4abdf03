"""How blobs are fetched, as the person set it up."""

from dataclasses import dataclass

from dget.flow import RateLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """connections: at most so many, or None for as many as help; verify_cache: whether what comes from the cache is hashed.

    patience: seconds without a byte that a blob is waited for which another process brings.
    """

    connections: int | None
    rate_limit: RateLimit | None
    verify_cache: bool
    patience: float
