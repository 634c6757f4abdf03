"""How a request gets its credentials: a generator that yields requests and is sent the answers.

Sources: distribution, docs/spec/auth/token.md and oauth.md; RFC 7617.
"""

from collections.abc import Callable, Generator
from typing import TypeAlias
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec.structs import replace

from dget.discreet import Discreet
from dget.errors import NetworkError, Unauthorized
from dget.flow import Clock
from dget.protocol.challenge import parse_challenges
from dget.protocol.failures import failure_of
from dget.protocol.http import Headers, Request, Response
from dget.protocol.origin import check_realm, host_of

CLIENT_ID = "dget"
# A token's life where the answer does not say (docs/spec/auth/token.md), and the least that one has: moby takes 60 s
# where a service says less, since some say 0.
_LIFE_MIN = 60
# Renewed this long before the end, so that a request under way does not meet it.
_MARGIN = 10
_TOKEN_ANSWER_MAX = 64 * 1024
# What stands for a name beside an identity token (docker/cli, cli/config/credentials/native_store.go).
_TOKEN_NAME = "<token>"  # noqa: S105 - a name

AuthFlow: TypeAlias = Generator[Request, Response, Response]


class Credential(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a person has for a registry: name and password, an identity token, or a token that is used as it is.

    source: where it was found, for people.
    """

    secrets = frozenset(("password", "identity_token", "registry_token"))

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""
    source: str = ""

    @property
    def _says(self) -> tuple[str, ...]:
        return (self.username, self.password, self.identity_token, self.registry_token)

    def __eq__(self, other: object) -> bool:
        """Wherever each was found."""
        return isinstance(other, Credential) and self._says == other._says

    def __hash__(self) -> int:
        return hash(self._says)


class Scope(msgspec.Struct, frozen=True):
    """What a token is for; an empty repository stands for the registry itself.

    Source: distribution, docs/spec/auth/scope.md.
    """

    repository: str = ""
    actions: tuple[str, ...] = ("pull",)

    def __str__(self) -> str:
        return f"repository:{self.repository}:{','.join(self.actions)}" if self.repository else ""


# The credential for a repository. Asked when one can matter, from several threads; may take its time, and raise DgetError.
CredentialsOf: TypeAlias = Callable[[str], Credential | None]


def nobody(repository: str) -> None:
    """Has no credentials."""


class Realm(msgspec.Struct, frozen=True, kw_only=True):
    """A token service, and the name by which it knows the registry."""

    url: str
    service: str = ""


class Authority(Discreet, msgspec.Struct):
    """What is known of one registry's authentication.

    authorizations: values of the header, and until when; newer_tokens: identity tokens that replaced others.
    """

    secrets = frozenset(("authorizations", "newer_tokens"))

    registry_url: str
    credentials: CredentialsOf = nobody
    realm: Realm | None = None
    basic: bool = False
    authorizations: dict[Scope, tuple[str, float]] = msgspec.field(default_factory=dict)
    newer_tokens: dict[str, str] = msgspec.field(default_factory=dict)

    def authorization(self, scope: Scope, now: float) -> str | None:
        value, expires = self.authorizations.get(scope, ("", 0.0))
        return value if now < expires else None


class _TokenAnswer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: float | None = None

    @property
    def value(self) -> str:
        return self.token or self.access_token or ""


def auth_flow(request: Request, authority: Authority, scope: Scope, clock: Clock) -> AuthFlow:
    """Sends `request` with what the registry accepts, asking a token service where it names one.

    request: to the registry's own origin.
    Returns the answer, whatever its status; raises Unauthorized where the registry or its token service refuses.
    A known realm is asked first, without a wasted 401. Credentials are looked for when somebody asks for them.
    """
    if authority.authorization(scope, clock.monotonic()) is None and (authority.realm or authority.basic):
        yield from _authorize(authority, scope, clock)
    response = yield _signed(request, authority, scope, clock)
    if response.status != 401:
        return response
    authority.authorizations.pop(scope, None)
    scope_wanted = _adopt(authority, response, scope, clock)
    yield from _authorize(authority, scope, clock, scope_wanted)
    response = yield _signed(request, authority, scope, clock)
    if response.status == 401:
        hint = _refusal_hint(authority, authority.credentials(scope.repository))
        raise failure_of(response, host_of(authority.registry_url), now=clock.time(), hint=hint)
    return response


def _signed(request: Request, authority: Authority, scope: Scope, clock: Clock) -> Request:
    value = authority.authorization(scope, clock.monotonic())
    return request.with_header("Authorization", value) if value else request


def _adopt(authority: Authority, response: Response, scope: Scope, clock: Clock) -> str:
    """Takes over what the registry asks for; the scope that it names, or an empty string."""
    challenges = parse_challenges(response.headers.all("WWW-Authenticate"))
    by_scheme = {challenge.scheme: challenge.parameters for challenge in reversed(challenges)}
    if realm := by_scheme.get("bearer", {}).get("realm"):
        check_realm(realm, authority.registry_url)
        authority.realm = Realm(url=realm, service=by_scheme["bearer"].get("service", ""))
        return by_scheme["bearer"].get("scope", "")
    host = host_of(authority.registry_url)
    credential = authority.credentials(scope.repository)
    if "basic" not in by_scheme:
        raise failure_of(response, host, now=clock.time(), hint=_refusal_hint(authority, credential))
    if credential is None:
        raise Unauthorized(f"{host} wants a name and a password", hint=_refusal_hint(authority, None))
    authority.basic = True
    return ""


def _authorize(
    authority: Authority, scope: Scope, clock: Clock, scope_wanted: str = ""
) -> Generator[Request, Response, None]:
    credential = authority.credentials(scope.repository)
    if credential and credential.registry_token:
        authority.authorizations[scope] = (f"Bearer {credential.registry_token}", float("inf"))
        return
    if authority.realm is None:
        if credential:
            authority.authorizations[scope] = (_basic(credential), float("inf"))
        return
    answer = yield from _ask_for_token(authority, authority.realm, credential, scope_wanted or str(scope), clock)
    # A token that ends earlier than it says is refused once, and asked for anew.
    life = max(answer.expires_in or 0, _LIFE_MIN)
    authority.authorizations[scope] = (f"Bearer {answer.value}", clock.monotonic() + life - _MARGIN)


def _ask_for_token(
    authority: Authority, realm: Realm, credential: Credential | None, scope: str, clock: Clock
) -> Generator[Request, Response, _TokenAnswer]:
    given_by = authority.registry_url
    if credential and credential.identity_token:
        known = credential.identity_token
        request = _refresh_request(realm, scope, authority.newer_tokens.get(known, known))
        response = yield replace(request, given_by=given_by)
        # Some registries know GET alone: GCR, Artifactory, ACR.
        if response.status not in (400, 401, 404, 405):
            answer = _read_token(response, authority, credential, clock)
            if answer.refresh_token:
                authority.newer_tokens[known] = answer.refresh_token
            return answer
    response = yield replace(_token_request(realm, scope, credential), given_by=given_by)
    return _read_token(response, authority, credential, clock)


def _token_request(realm: Realm, scope: str, credential: Credential | None) -> Request:
    # Without a scope it proves who asks, and nothing more (docs/spec/auth/token.md).
    query = {name: value for name, value in (("service", realm.service), ("scope", scope)) if value}
    joint = "&" if urlsplit(realm.url).query else "?"
    request = Request(url=f"{realm.url}{joint}{urlencode(query)}" if query else realm.url)
    if credential is None:
        return request
    return request.with_header("Authorization", _basic(credential))


def _refresh_request(realm: Realm, scope: str, identity_token: str) -> Request:
    form = {
        "grant_type": "refresh_token",
        "service": realm.service,
        "scope": scope,
        "client_id": CLIENT_ID,
        "refresh_token": identity_token,
    }
    return Request(
        method="POST",
        url=realm.url,
        headers=Headers.of([("Content-Type", "application/x-www-form-urlencoded")]),
        body=urlencode({name: value for name, value in form.items() if value}).encode(),
    )


def _read_token(response: Response, authority: Authority, credential: Credential | None, clock: Clock) -> _TokenAnswer:
    service = host_of(authority.realm.url) if authority.realm else host_of(authority.registry_url)
    if response.status in (401, 403):
        raise Unauthorized(
            f"{service} refused the name or the password" if credential else f"{service} refused access",
            hint=_refusal_hint(authority, credential),
        )
    if not response.ok:
        raise failure_of(response, service, now=clock.time())
    try:
        answer = msgspec.json.decode(response.body[:_TOKEN_ANSWER_MAX], type=_TokenAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NetworkError(f"the token service {service} answered something that is no token") from error
    if not answer.value or not answer.value.isascii() or not answer.value.isprintable():
        raise NetworkError(f"the token service {service} answered without a token")
    return answer


def _basic(credential: Credential) -> str:
    """An identity token stands in the password's place where nothing but GET or Basic is known."""
    import base64

    name = credential.username or _TOKEN_NAME
    pair = f"{name}:{credential.password or credential.identity_token}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _refusal_hint(authority: Authority, credential: Credential | None) -> str:
    if credential is None:
        host = host_of(authority.registry_url)
        return f"if the image is private, log in (dget login {host}) or give -username and --password-stdin"
    found = f"they come from {credential.source}; " if credential.source else ""
    return f"check the name and the password: {found}some registries want an access token in the password's place"
