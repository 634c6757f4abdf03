"""Where the next page of a list is. Source: OCI distribution specification, "Listing Tags"; RFC 8288."""

import re

from dget.errors import NetworkError
from dget.protocol.http import Headers
from dget.protocol.origin import host_of, origin, redirected

_NEXT = r"(?i)<([^<>]*)>\s*;[^,]*\brel\s*=\s*\"?next\b"


def next_page(url: str, headers: Headers) -> str | None:
    """The next page's URL, or None on the last. Raises NetworkError where it lies at another origin."""
    for value in headers.all("Link"):
        if link := re.search(_NEXT, value):
            target = redirected(url, link[1])
            if origin(target) != origin(url):
                raise NetworkError(f"{host_of(url)} continues its list at another host ({host_of(target)}): refused")
            return target
    return None
