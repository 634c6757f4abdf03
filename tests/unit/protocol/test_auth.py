"""How a request gets its credentials, driven by hand."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from dget.errors import NetworkError, Unauthorized
from dget.protocol.auth import AuthFlow, Authority, Credential, Realm, Scope, auth_flow
from dget.protocol.http import Headers, Request, Response

REQUEST = Request(url="https://registry.example/v2/a/manifests/1")
SCOPE = Scope("a")
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
    return Authority("https://registry.example", lambda _: credential, realm)


def start(known: Authority, clock: Clock | None = None) -> tuple[AuthFlow, Request]:
    flow = auth_flow(REQUEST, known, SCOPE, clock or Clock())
    return flow, next(flow)


def authorization(request: Request) -> str | None:
    return request.headers.get("Authorization")


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


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
    assert parse_qs(urlsplit(asked.url).query) == {"service": ["s"], "scope": ["repository:a:pull"]}
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
    assert authorization(asked) == basic("u:p")
    assert authorization(flow.send(token())) == "Bearer T"


def test_a_basic_challenge_gets_name_and_password_at_once_the_next_time():
    known = authority(Credential(username="u", password="p"))
    flow, _ = start(known)
    signed = flow.send(challenged('Basic realm="x"'))
    assert authorization(signed) == basic("u:p")
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
    asked = flow.send(Response(status=404))
    assert (asked.method, authorization(asked)) == ("GET", basic("u:p"))


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


def test_credentials_are_not_looked_for_where_nobody_asks():
    def fail(repository):
        raise AssertionError(repository)

    flow, _ = start(Authority("https://registry.example", fail))
    assert result(flow, Response(status=200)).status == 200


def test_each_repository_gets_its_own_credentials_also_where_the_registry_is_known():
    known = Authority(
        "https://registry.example",
        {"a": Credential(username="u", password="p"), "b": None, "c": Credential(username="w", password="q")}.get,
    )
    flow, _ = start(known)
    assert authorization(flow.send(challenged(BEARER))) == basic("u:p")
    flow.send(token("A"))
    sent = [next(auth_flow(REQUEST, known, Scope(repository), Clock())) for repository in ("a", "b", "c")]
    assert [authorization(request) for request in sent] == ["Bearer A", None, basic("w:q")]


def test_basic_credentials_of_one_repository_are_not_sent_for_another():
    known = Authority("https://registry.example", {"a": Credential(username="u", password="p")}.get)
    flow, _ = start(known)
    assert authorization(flow.send(challenged('Basic realm="x"'))) == basic("u:p")
    other = auth_flow(REQUEST, known, Scope("b"), Clock())
    assert authorization(next(other)) is None
    with pytest.raises(Unauthorized, match="name and a password"):
        other.send(challenged('Basic realm="x"'))


def test_a_registry_token_is_the_bearer_token_and_no_token_service_is_asked():
    flow, _ = start(authority(Credential(registry_token="R")))
    signed = flow.send(challenged(BEARER))
    assert (signed.url, authorization(signed)) == (REQUEST.url, "Bearer R")
    known = authority(Credential(registry_token="R"), Realm(url="https://auth.example/token"))
    assert authorization(start(known)[1]) == "Bearer R"


def test_a_registry_token_that_is_refused_is_unauthorized():
    flow, _ = start(authority(Credential(registry_token="R", source="the test")))
    flow.send(challenged(BEARER))
    with pytest.raises(Unauthorized) as caught:
        flow.send(challenged(BEARER))
    assert "the test" in (caught.value.hint or "")


def test_the_newer_identity_token_of_an_answer_is_used_from_then_on():
    clock = Clock()
    known = authority(Credential(identity_token="old"))
    flow, _ = start(known, clock)
    assert parse_qs(flow.send(challenged(BEARER)).body.decode())["refresh_token"] == ["old"]
    flow.send(Response(status=200, body=b'{"access_token": "T", "refresh_token": "new", "expires_in": 300}'))
    clock.now += 300
    assert parse_qs(start(known, clock)[1].body.decode())["refresh_token"] == ["new"]


def test_an_identity_token_without_a_password_stands_in_its_place_where_post_is_not_known():
    flow, _ = start(authority(Credential(identity_token="I")))
    flow.send(challenged(BEARER))
    assert authorization(flow.send(Response(status=405))) == basic("<token>:I")


@pytest.mark.parametrize("life", [b"", b', "expires_in": null', b', "expires_in": 0', b', "expires_in": -5'])
def test_a_token_lives_for_a_minute_where_its_answer_says_nothing_better(life):
    clock = Clock()
    known = authority(realm=Realm(url="https://auth.example/token"))
    flow, _ = start(known, clock)
    flow.send(Response(status=200, body=b'{"token": null, "access_token": "T"%s}' % life))
    clock.now += 45
    assert authorization(start(known, clock)[1]) == "Bearer T"
    clock.now += 10
    assert start(known, clock)[1].url.startswith("https://auth.example")


def test_a_token_that_ends_early_is_asked_for_anew():
    known = authority(realm=Realm(url="https://auth.example/token"))
    flow, _ = start(known)
    flow.send(token("A"))
    result(flow, Response(status=200))
    flow, _ = start(known)
    asked = flow.send(challenged(BEARER))
    assert urlsplit(asked.url).netloc == "auth.example"
    assert authorization(flow.send(token("B"))) == "Bearer B"


def test_for_the_registry_itself_no_scope_is_asked():
    flow = auth_flow(REQUEST, authority(), Scope(), Clock())
    next(flow)
    assert flow.send(challenged('Bearer realm="https://auth.example/token"')).url == "https://auth.example/token"


def test_a_refusal_says_where_the_credentials_come_from():
    flow, _ = start(authority(Credential(username="u", password="geheim", source="/home/u/.docker/config.json")))
    flow.send(challenged(BEARER))
    with pytest.raises(Unauthorized) as caught:
        flow.send(Response(status=401))
    assert "/home/u/.docker/config.json" in (caught.value.hint or "")
    assert "geheim" not in f"{caught.value} {caught.value.hint}"


def test_secrets_are_not_in_a_repr():
    secret = Credential(username="u", password="geheim", identity_token="geheim", registry_token="geheim")
    known = authority(secret)
    known.authorizations[SCOPE] = ("Bearer geheim", 0.0)
    known.newer_tokens["geheim"] = "geheim"
    assert "geheim" not in repr(secret) + repr(known)
