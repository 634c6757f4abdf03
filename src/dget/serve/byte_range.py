"""Which part of a blob a `Range` asks for. Source: RFC 9110 section 14."""

import re

_BYTES = re.compile(r"\s*bytes\s*=\s*(\d{0,19})-(\d{0,19})\s*", re.IGNORECASE | re.ASCII)


def wanted_part(header: str | None, size: int) -> tuple[int, int] | None:
    """The start and stop of the one range asked for, among `size` bytes; empty where none of them lies in it.

    None means the whole: no range was asked for, or one that a server ignores (another unit, nonsense, several).
    """
    found = _BYTES.fullmatch(header or "")
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    stop = min(int(last) + 1, size) if last else size
    return int(first), stop
