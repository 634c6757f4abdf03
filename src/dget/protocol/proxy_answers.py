"""Which answer to a plain HTTP request is a proxy's own, as far as one can tell: on that way both speak HTTP to us."""

import re

from dget.protocol.failures import is_web_page
from dget.protocol.http import Response

_PROGRAMS = r"(?i)(squid|tinyproxy|privoxy|cntlm|px|mitmproxy|zscaler|bluecoat|mcafee|fortinet|sophos)\b"
_REFUSALS = frozenset((401, 403, 500, 502, 503, 504, 511))
# Every registry says so of itself in its answers (distribution specification, legacy of "API Version Check").
_REGISTRY_HEADER = "Docker-Distribution-Api-Version"


def is_proxys_own(response: Response) -> bool:
    """response: to a request that went through a proxy in plain HTTP."""
    if response.status == 407:
        return True
    headers = response.headers
    if response.status not in _REFUSALS or headers.get(_REGISTRY_HEADER):
        return False
    if headers.get("X-Squid-Error") or "error=" in (headers.get("Proxy-Status") or ""):
        return True
    return bool(re.match(_PROGRAMS, headers.get("Server") or "")) or (response.status != 401 and is_web_page(response))
