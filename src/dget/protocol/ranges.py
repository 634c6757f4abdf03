"""What an answer to a ranged request holds. Source: RFC 9110 section 14."""

import re

from dget.errors import IntegrityError, NetworkError
from dget.protocol.http import Headers

_CONTENT_RANGE = r"bytes (\d{1,19})-(\d{1,19})/(?:(\d{1,19})|\*)"


def range_header(start: int, stop: int) -> str:
    """The value of `Range` for bytes start to stop-1."""
    return f"bytes={start}-{stop - 1}"


def whole_size(headers: Headers) -> int | None:
    """Of what a 206 is a part of; None where it does not tell."""
    found = re.fullmatch(_CONTENT_RANGE, (headers.get("Content-Range") or "").strip())
    return int(found[3]) if found and found[3] else None


def check_range(status: int, headers: Headers, *, start: int, stop: int, size: int) -> None:
    """Raises NetworkError unless the body begins where it was asked to, at byte `start`, IntegrityError unless the blob has
    `size` bytes.

    206 may lawfully be shorter than asked for; 200 is the whole blob.
    """
    if status == 200 and start == 0:
        return
    found = re.fullmatch(_CONTENT_RANGE, (headers.get("Content-Range") or "").strip())
    if status != 206 or found is None:
        raise NetworkError(f"expected bytes {start}-{stop - 1}, got an answer {status} that names no range")
    first, last = int(found[1]), int(found[2])
    if found[3] and int(found[3]) != size:
        raise IntegrityError(f"the server has {int(found[3]):,} bytes of a blob where its manifest says {size:,}")
    if first != start or not first <= last < stop:
        raise NetworkError(f"expected bytes {start}-{stop - 1} of {size}, got {found[0]}")
