"""How blobs are fetched, as the person set it up."""

import msgspec

from dget.flow import RateLimit


class Fetching(msgspec.Struct, frozen=True, kw_only=True):
    """connections: to a host at most so many, or None for as many as help; so many documents are asked for at a time.

    verify_cache: whether what comes from the cache is hashed; patience: seconds without a byte that a blob is waited for which another process brings.
    """

    connections: int | None
    rate_limit: RateLimit | None
    verify_cache: bool
    patience: float
