"""What a server repeats of what it was sent: error pages show requests, S3 shows the signature that it did not like."""

import binascii
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from msgspec.structs import replace

from dget.protocol.http import Request, Response

HIDDEN = b"***"
# Shorter ones are words that stand in any text.
_LENGTH_MIN = 4
_FORM = "application/x-www-form-urlencoded"
_NO_SECRETS = frozenset(("grant_type", "service", "scope", "client_id", "account"))


def without_echo(response: Response, request: Request) -> Response:
    """An answer that is an error, without the secrets of its request; any other as it is."""
    if response.status < 400 or not response.body:
        return response
    body = response.body
    # The longest first: a password may stand within another secret.
    for secret in sorted(set(secrets_of(request)), key=len, reverse=True):
        body = body.replace(secret.encode(), HIDDEN)
    return replace(response, body=body)


def secrets_of(request: Request) -> Iterator[str]:
    """Values of its Authorization, of its form, and of its URL's query, each as sent and as meant."""
    found = [*_credentials(request), *_values(urlsplit(request.url).query)]
    if request.headers.get("Content-Type") == _FORM:
        found += _values(request.body.decode("utf-8", "replace"))
    return (secret for secret in found if len(secret) >= _LENGTH_MIN)


def _credentials(request: Request) -> Iterator[str]:
    scheme, _, sent = (request.headers.get("Authorization") or "").partition(" ")
    yield sent
    if scheme.lower() == "basic":
        try:
            pair = binascii.a2b_base64(sent).decode("utf-8", "replace")
        except binascii.Error:
            return
        yield pair
        yield pair.partition(":")[2]


def _values(form: str) -> Iterator[str]:
    for name, meant in parse_qsl(form):
        if name not in _NO_SECRETS:
            yield meant
    for pair in form.split("&"):
        name, _, sent = pair.partition("=")
        if name not in _NO_SECRETS:
            yield sent
