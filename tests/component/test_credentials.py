"""Who gets credentials, and who does not."""

import base64
import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.archive import check_archive
from dget.errors import DgetError, NetworkError, Unauthorized
from dget.protocol.http import Headers
from dget.serve import Answer
from tests.component.conftest import Registry, is_blob, noise, with_status

LAYER = noise(6, 5_000_000)


def basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.fixture
def elsewhere() -> Iterator[Registry]:
    """A second server: an object store, or a token service."""
    second = Registry()
    with second.server:
        yield second


@pytest.fixture
def image(registry):
    registry.image("app", "1", LAYER)
    return registry.name("app:1")


def client_of(tmp_path, **more) -> Client:
    return Client(Settings(cache_dir=tmp_path / "cache", timeout=5, environment={}, **more))


def wants(registry: Registry, challenge: str, accepted: str) -> None:
    """The registry answers 401 with `challenge` unless the Authorization is `accepted`."""

    def guard(request, given):
        if request.headers.get("Authorization") == accepted:
            return given
        return with_status(given, 401, ("WWW-Authenticate", challenge))

    registry.fault = guard


def token_service(elsewhere: Registry, accepted: str | None) -> None:
    def give(request, given):
        if request.headers.get("Authorization") != accepted:
            return with_status(given, 401)
        body = json.dumps({"token": "T", "expires_in": 300}).encode()
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(body)))]), body=(body,))

    elsewhere.fault = give


def test_one_token_serves_all_of_an_images_requests(registry, elsewhere, image, tmp_path):
    wants(registry, f'Bearer realm="{elsewhere.server.url}/token",service="s"', "Bearer T")
    token_service(elsewhere, None)
    with client_of(tmp_path) as client:
        check_archive(client.pull(image, platform="amd64", output=tmp_path / "x.tar").path)
    assert len(elsewhere.asked) == 1


def test_the_password_goes_to_the_token_service_and_not_to_the_registry(registry, elsewhere, image, tmp_path):
    wants(registry, f'Basic realm="x", Bearer realm="{elsewhere.server.url}/token",service="s"', "Bearer T")
    token_service(elsewhere, basic("me", "geheim"))
    with client_of(tmp_path, username="me", password="geheim") as client:
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    assert {request.headers.get("Authorization") for request in registry.requests} == {None, "Bearer T"}


def test_basic_works_and_a_wrong_password_is_unauthorized(registry, image, tmp_path):
    wants(registry, 'Basic realm="x"', basic("me", "geheim"))
    with client_of(tmp_path, username="me", password="geheim") as client:
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    with client_of(tmp_path, username="me", password="falsch") as client, pytest.raises(Unauthorized):
        client.pull(image, platform="amd64", output=tmp_path / "y.tar")
    with client_of(tmp_path) as client, pytest.raises(Unauthorized):
        client.pull(image, platform="amd64", output=tmp_path / "y.tar")


def moved(elsewhere: Registry, registry: Registry) -> None:
    """The registry redirects blobs to the second server, which refuses credentials as object stores do."""
    registry.fault = lambda request, given: (
        with_status(given, 307, ("Location", f"{elsewhere.server.url}{request.url}?signature=1"))
        if is_blob(request)
        else given
    )
    elsewhere.content = registry.content
    elsewhere.fault = lambda request, given: with_status(given, 400) if request.headers.get("Authorization") else given


def test_credentials_never_follow_a_redirect(registry, elsewhere, image, tmp_path):
    moved(elsewhere, registry)
    redirect = registry.fault

    def guard(request, given):
        if request.headers.get("Authorization") != basic("me", "geheim"):
            return with_status(given, 401, ("WWW-Authenticate", 'Basic realm="x"'))
        return redirect(request, given)

    registry.fault = guard
    with client_of(tmp_path, username="me", password="geheim") as client:
        check_archive(client.pull(image, platform="amd64", output=tmp_path / "x.tar").path)
    assert {request.headers.get("Authorization") for request in elsewhere.requests} == {None}


def test_a_signed_link_is_found_once_and_found_anew_when_it_has_expired(registry, elsewhere, tmp_path):
    registry.image("app", "1", noise(7, 13_000_000))
    moved(elsewhere, registry)
    links = []

    def expiring(request, given):
        links.append(request.url)
        return with_status(given, 403) if len(links) == 3 else given

    elsewhere.fault = expiring
    with client_of(tmp_path, connections=1) as client:
        check_archive(client.pull(registry.name("app:1"), platform="amd64", output=tmp_path / "x.tar").path)
    # Config and layer, and the layer once more after its link was refused.
    assert len(registry.blobs_asked()) == 3


@pytest.mark.parametrize("location", ["http://169.254.169.254/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_to_no_web_address_is_refused(registry, image, tmp_path, location):
    registry.fault = lambda request, given: (
        with_status(given, 302, ("Location", location)) if is_blob(request) else given
    )
    with client_of(tmp_path) as client, pytest.raises(NetworkError, match=r"refused|not http"):
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")


def test_an_endless_redirect_ends(registry, image, tmp_path):
    registry.fault = lambda request, given: (
        with_status(given, 302, ("Location", request.url)) if is_blob(request) else given
    )
    with client_of(tmp_path) as client, pytest.raises(NetworkError, match="redirects more than"):
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")


def test_what_was_learned_of_a_registry_serves_the_next_image(registry, elsewhere, image, tmp_path):
    wants(registry, f'Bearer realm="{elsewhere.server.url}/token",service="s"', "Bearer T")
    token_service(elsewhere, None)
    with client_of(tmp_path) as client:
        client.plan(image, platform="amd64")
        registry.requests.clear()
        elsewhere.requests.clear()
        client.plan(image, platform="amd64")
    assert {request.headers.get("Authorization") for request in registry.requests} == {"Bearer T"}
    assert elsewhere.requests == []


def test_a_redirect_within_the_registrys_origin_keeps_the_credentials(registry, image, tmp_path):
    def moved_within(request, given):
        if request.headers.get("Authorization") != basic("me", "geheim"):
            return with_status(given, 401, ("WWW-Authenticate", 'Basic realm="x"'))
        if request.url.startswith("/v2/app/") and "moved" not in request.url:
            return with_status(given, 307, ("Location", f"{request.url}?moved=1"))
        return given

    registry.fault = moved_within
    with client_of(tmp_path, username="me", password="geheim") as client:
        check_archive(client.pull(image, platform="amd64", output=tmp_path / "x.tar").path)
    assert {request.headers.get("Authorization") for request in registry.requests if "moved" in request.url} == {
        basic("me", "geheim")
    }


def test_another_port_of_the_same_host_is_another_origin(registry, elsewhere, image, tmp_path):
    """Both are at 127.0.0.1."""
    wants(registry, 'Basic realm="x"', basic("me", "geheim"))
    guard = registry.fault

    def moved_away(request, given):
        answer = guard(request, given)
        if answer.status == 401 or "/manifests/" not in request.url:
            return answer
        return with_status(given, 307, ("Location", f"{elsewhere.server.url}{request.url}"))

    registry.fault = moved_away
    elsewhere.content = registry.content
    with client_of(tmp_path, username="me", password="geheim") as client:
        client.raw(image)
    assert {request.headers.get("Authorization") for request in elsewhere.requests} == {None}


def test_a_challenge_of_another_origin_gets_no_credentials(registry, elsewhere, image, tmp_path):
    wants(registry, 'Basic realm="x"', basic("me", "geheim"))
    guard = registry.fault

    def moved_away(request, given):
        answer = guard(request, given)
        return answer if answer.status == 401 else with_status(given, 307, ("Location", f"{elsewhere.server.url}/x"))

    registry.fault = moved_away
    for challenge in ('Basic realm="x"', f'Bearer realm="{elsewhere.server.url}/token",service="s"'):
        elsewhere.fault = lambda request, given, asks=challenge: with_status(given, 401, ("WWW-Authenticate", asks))
        with client_of(tmp_path, username="me", password="geheim") as client, pytest.raises(DgetError):
            client.raw(image)
    assert elsewhere.requests
    assert {request.headers.get("Authorization") for request in elsewhere.requests} == {None}


def test_a_list_that_goes_on_at_another_host_is_refused_without_asking_there(registry, elsewhere, tmp_path):
    registry.image("app", "1", LAYER)
    wants(registry, 'Basic realm="x"', basic("me", "geheim"))
    guard = registry.fault

    def continued(request, given):
        answer = guard(request, given)
        link = f'<{elsewhere.server.url}/v2/app/tags/list?last=1>; rel="next"'
        return answer if answer.status == 401 else replace(answer, headers=answer.headers.with_field("Link", link))

    registry.fault = continued
    with (
        client_of(tmp_path, username="me", password="geheim") as client,
        pytest.raises(NetworkError, match="another host"),
    ):
        client.tags(registry.name("app"))
    assert elsewhere.requests == []


def test_a_token_service_sees_no_token_and_no_other_registrys_password(registry, elsewhere, image, tmp_path):
    wants(registry, f'Bearer realm="{elsewhere.server.url}/token",service="s"', "Bearer T")
    token_service(elsewhere, basic("me", "geheim"))
    with client_of(tmp_path, username="me", password="geheim") as client:
        client.pull(image, platform="amd64", output=tmp_path / "x.tar")
    assert {request.headers.get("Authorization") for request in elsewhere.requests} == {basic("me", "geheim")}
