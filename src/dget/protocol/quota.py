"""What a registry lets us do yet: the quota that it tells in its headers."""

import re
from typing import Self

import msgspec

from dget.protocol.http import Headers

_VALUE = r"(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?"

# A few images more, whatever the limit.
_LOW = 10


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Pulls allowed in a window.

    limit, remaining: pulls; window: seconds; source: whom it counts for, as the registry says it.
    Source: docs.docker.com/docker-hub/usage, headers `ratelimit-limit` and `ratelimit-remaining`.
    """

    limit: int
    remaining: int
    window: int
    source: str = ""

    @property
    def low(self) -> bool:
        """Whether the person should know before it is used up."""
        return self.remaining <= max(_LOW, self.limit // 10)

    @classmethod
    def from_headers(cls, headers: Headers) -> Self | None:
        """The quota told in `100;w=21600`, or None where the registry tells none that can be read."""
        limit = re.match(_VALUE, headers.get("ratelimit-limit") or "")
        remaining = re.match(_VALUE, headers.get("ratelimit-remaining") or "")
        if limit is None or remaining is None:
            return None
        return cls(
            limit=int(limit[1]),
            remaining=int(remaining[1]),
            window=int(limit[2] or remaining[2] or 0),
            source=headers.get("docker-ratelimit-source") or "",
        )
