"""How a request gets its credentials, driven by hand."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from dget.errors import NetworkError, Unauthorized
from dget.protocol.auth import AuthFlow, Authority, Credential, Realm, auth_flow
from dget.protocol.http import Headers, Request, Response

REQUEST = Request(url="https://registry.example/v2/a/manifests/1")
SCOPE = "repository:a:pull"
BEARER = 'Bearer realm="https://auth.example/token",service="s",scope="repository:a:pull"'


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


def challenged(*values: str) -> Response:
    return Response(status=401, headers=Headers.of([("WWW-Authenticate", value) for value in values]))


def token(text: str = "T", life: int = 300) -> Response:
    return Response(status=200, body=b'{"token": "%s", "expires_in": %d}' % (text.encode(), life))


def authority(credential: Credential | None = None, realm: Realm | None = None) -> Authority:
    return Authority("https://registry.example", credential, realm)


def start(known: Authority, clock: Clock | None = None) -> tuple[AuthFlow, Request]:
    flow = auth_flow(REQUEST, known, SCOPE, clock or Clock())
    return flow, next(flow)


def authorization(request: Request) -> str | None:
    return request.headers.get("Authorization")


def result(flow: AuthFlow, response: Response) -> Response:
    with pytest.raises(StopIteration) as end:
        flow.send(response)
    answer: Response = end.value.value
    return answer


def test_an_open_registry_is_asked_once():
    flow, request = start(authority())
    assert authorization(request) is None
    assert result(flow, Response(status=200)).status == 200


def test_a_bearer_challenge_leads_to_its_token_service_and_back():
    flow, _ = start(authority())
    asked = flow.send(challenged(BEARER))
    assert urlsplit(asked.url).netloc == "auth.example"
    assert parse_qs(urlsplit(asked.url).query) == {"service": ["s"], "scope": [SCOPE]}
    assert authorization(asked) is None
    signed = flow.send(token())
    assert (signed.url, authorization(signed)) == (REQUEST.url, "Bearer T")


def test_a_known_realm_is_asked_first_and_its_token_is_used_until_it_expires():
    clock = Clock()
    known = authority(realm=Realm(url="https://auth.example/token", service="s"))
    flow, asked = start(known, clock)
    assert asked.url.startswith("https://auth.example/token?")
    result_request = flow.send(token(life=100))
    assert authorization(result_request) == "Bearer T"
    result(flow, Response(status=200))
    assert authorization(start(known, clock)[1]) == "Bearer T"
    clock.now += 91
    assert start(known, clock)[1].url.startswith("https://auth.example/token?")


def test_name_and_password_go_to_the_token_service_alone():
    flow, _ = start(authority(Credential(username="u", password="p")))
    asked = flow.send(challenged(BEARER))
    assert authorization(asked) == f"Basic {base64.b64encode(b'u:p').decode()}"
    assert authorization(flow.send(token())) == "Bearer T"


def test_a_basic_challenge_gets_name_and_password_at_once_the_next_time():
    known = authority(Credential(username="u", password="p"))
    flow, _ = start(known)
    signed = flow.send(challenged('Basic realm="x"'))
    assert authorization(signed) == f"Basic {base64.b64encode(b'u:p').decode()}"
    result(flow, Response(status=200))
    assert authorization(start(known)[1]) is not None


def test_bearer_is_preferred_where_a_header_offers_both():
    flow, _ = start(authority(Credential(username="u", password="p")))
    assert flow.send(challenged(f'Basic realm="x", {BEARER}')).url.startswith("https://auth.example")


def test_an_identity_token_is_posted_and_falls_back_to_get():
    known = authority(Credential(username="u", password="p", identity_token="I"))
    flow, _ = start(known)
    posted = flow.send(challenged(BEARER))
    assert posted.method == "POST"
    assert b"grant_type=refresh_token" in posted.body
    assert flow.send(Response(status=404)).method == "GET"


@pytest.mark.parametrize(
    ("realm", "said"),
    [
        ("http://auth.example/token", "without TLS"),
        ("https://127.0.0.1/token", "private address"),
        ("https://169.254.169.254/token", "private address"),
        ("ftp://auth.example/token", "not http"),
    ],
)
def test_credentials_do_not_go_to_a_realm_that_is_not_to_be_trusted(realm, said):
    flow, _ = start(authority(Credential(username="u", password="p")))
    with pytest.raises(NetworkError, match=said):
        flow.send(challenged(f'Bearer realm="{realm}"'))


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"token": ""}', b'{"token": "a\\nb"}', b'{"token": 5}'])
def test_an_answer_that_is_no_token_is_an_error(body):
    flow, _ = start(authority())
    flow.send(challenged(BEARER))
    with pytest.raises(NetworkError, match="token"):
        flow.send(Response(status=200, body=body))


def test_a_refused_password_is_unauthorized_and_so_is_a_second_401():
    flow, _ = start(authority(Credential(username="u", password="p")))
    flow.send(challenged(BEARER))
    with pytest.raises(Unauthorized, match="refused the name or the password"):
        flow.send(Response(status=401))
    flow, _ = start(authority())
    flow.send(challenged(BEARER))
    flow.send(token())
    with pytest.raises(Unauthorized):
        flow.send(challenged(BEARER))


def test_a_basic_challenge_without_credentials_says_what_is_missing():
    flow, _ = start(authority())
    with pytest.raises(Unauthorized, match="name and a password"):
        flow.send(challenged('Basic realm="x"'))


def test_secrets_are_not_in_a_repr():
    assert "geheim" not in repr(Credential(username="u", password="geheim", identity_token="geheim"))
