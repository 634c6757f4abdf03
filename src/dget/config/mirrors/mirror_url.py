"""A mirror's address as people write it."""

from urllib.parse import urlsplit

_SCHEMES = ("http", "https")


def mirror_root(text: str) -> str:
    """The root of the API that an address stands for: `https://m.example/x/` becomes `https://m.example/x/v2`.

    Raises ValueError, in words for people. What it says holds no secret.
    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        raise ValueError(f"{text.rpartition('@')[2]!r} has no scheme: it begins with https:// or http://")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = None, None
    if scheme not in _SCHEMES:
        raise ValueError(f"{scheme!r} is no scheme of a registry: it is https or http")
    if parts is None or not parts.hostname or port == 0 or any(mark.isspace() for mark in text):
        raise ValueError("the address names no host")
    if "@" in parts.netloc:
        raise ValueError(f"the address of {parts.netloc.rpartition('@')[2]} holds a name or a password")
    if parts.query or parts.fragment:
        raise ValueError(f"the address of {parts.netloc} has a query or a fragment")
    path = parts.path.rstrip("/")
    return f"{scheme}://{parts.netloc}{path if path.endswith('/v2') else f'{path}/v2'}"
