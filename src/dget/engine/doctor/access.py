"""What a registry lets us do: its API, its token service, the credentials, an image, the quota."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import msgspec

from dget.engine.doctor.finding import Finding
from dget.errors import DgetError, NetworkError, RateLimited, Unauthorized
from dget.flow import Cancel, Clock
from dget.protocol.auth import Scope, auth_flow
from dget.protocol.challenge import parse_challenges
from dget.protocol.failures import failure_of, is_web_page
from dget.protocol.http import Request, Response
from dget.protocol.origin import host_of
from dget.protocol.quota import Quota
from dget.registry import Endpoint
from dget.transport import Transport

_SKEW_MAX = 300.0


def api_finding(url: str, response: Response, *, now: float) -> Finding:
    """Whether what answered `GET /v2/` without credentials is a registry."""
    host = host_of(url)
    # A front that asks for the password may say so with a page of its own; its challenge is what counts.
    if is_web_page(response) and not (response.status == 401 and _schemes(response)):
        error = NetworkError(f"{host} answered with a web page, not as a registry does")
        return Finding.problem(
            "registry", error, advice="is the host right? A proxy or a log-in page of the network may stand in between"
        )
    if response.ok or response.status == 401:
        return Finding.ok("registry", f"{host} answers as a registry does ({response.status})")
    return Finding.problem("registry", failure_of(response, host, now=now, subject="/v2/"))


def clock_finding(response: Response, *, now: float) -> Finding:
    """now: unix time when the answer came."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("Date") or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return Finding.ok("clock", "the registry tells no time to compare with")
    skew = now - theirs
    if abs(skew) <= _SKEW_MAX:
        return Finding.ok("clock", "it is the registry's, within 5 minutes")
    way = "ahead of" if skew > 0 else "behind"
    return Finding.warning(
        "clock",
        f"this machine's is {abs(skew) / 60:.0f} minutes {way} the registry's",
        "set it: certificates and tokens are refused by a clock that is wrong",
    )


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What became of signing in.

    registry, service: hosts, the token service's where there is one; seconds: that it took; error: why not.
    """

    registry: str
    service: str | None
    seconds: float
    error: DgetError | None

    @property
    def refused_by(self) -> str:
        return self.service or self.registry


def sign_in(transport: Transport, endpoint: Endpoint, scope: Scope, clock: Clock, cancel: Cancel) -> SignIn:
    """`GET /v2/` with all that a pull would do to be let in."""
    registry = f"{endpoint.url}/v2/"
    service, seconds, failure = None, 0.0, None
    try:
        flow = auth_flow(Request(url=registry), endpoint.authority, scope, clock)
        wanted = next(flow)
        while True:
            at_service = wanted.url != registry
            begun = time.monotonic()
            if at_service:
                service = host_of(wanted.url)
            response = transport.send(wanted, cancel=cancel)
            if at_service:
                seconds = time.monotonic() - begun
            wanted = flow.send(response)
    except StopIteration:
        pass
    except DgetError as error:
        failure = error
    return SignIn(registry=host_of(registry), service=service, seconds=seconds, error=failure)


def access_findings(challenge: Response, signed: SignIn, source: str | None) -> Iterator[Finding]:
    """challenge: the registry's answer without credentials; source: where the credentials came from, None for none."""
    error = signed.error
    wants_token = signed.service is not None or "bearer" in _schemes(challenge)
    if error and not isinstance(error, Unauthorized):
        yield Finding.problem("token service" if wants_token else "registry", error)
        return
    yield Finding.ok("token service", _answer_of_service(signed) if wants_token else "the registry has none")
    yield _credentials(challenge, signed, source)


def _answer_of_service(signed: SignIn) -> str:
    return f"{signed.service} answers ({signed.seconds * 1000:.0f} ms)" if signed.service else "not asked"


def _credentials(challenge: Response, signed: SignIn, source: str | None) -> Finding:
    if signed.error is None:
        if challenge.ok:
            return Finding.ok("credentials", "none are wanted")
        return Finding.ok("credentials", f"those of {source} are taken" if source else "none; public images need none")
    if source:
        text = f"{signed.refused_by} refused the name or the password of {source}"
        return Finding.problem("credentials", signed.error, text=text)
    if "basic" in _schemes(challenge):
        return Finding.problem("credentials", signed.error)
    return Finding.warning(
        "credentials", f"none, and {signed.service} gives nobody a token", "name an image, or give -username"
    )


def quota_finding(quota: Quota | None) -> Finding:
    if quota is None:
        return Finding.ok("quota", "the registry tells none")
    window = f" in {quota.window / 3600:g} h" if quota.window else ""
    text = f"{quota.remaining} of {quota.limit} pulls left{window}"
    if quota.remaining == 0:
        error = RateLimited("the registry allows no more pulls now", hint="come back later, or let dget wait: --wait")
        return Finding.problem("quota", error, text=text)
    if quota.low:
        return Finding.warning("quota", text, "with a name and a password it may be more; a mirror may help")
    return Finding.ok("quota", text)


def _schemes(challenge: Response) -> set[str]:
    return {one.scheme for one in parse_challenges(challenge.headers.all("WWW-Authenticate"))}
