"""Credentials that people keep, as a whole pull uses them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dget import Client, Settings
from dget.archive import check_archive
from dget.config.credentials import BrokenHelper
from dget.errors import Unauthorized
from dget.flow import Noted, Warned
from dget.protocol.http import Headers
from dget.serve import Answer
from tests.component.conftest import Registry, noise, with_status

LAYER = noise(8, 100_000)
HELPER = """#!/bin/sh
echo "$1" >> "$0.calls"
cat > /dev/null
echo '{"Username":"ann","Secret":"geheim"}'
"""


def auth(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


def name_of(authorization: str | None) -> str:
    """Who says a password, or which token is shown."""
    scheme, _, value = (authorization or "").partition(" ")
    return base64.b64decode(value).decode().partition(":")[0] if scheme == "Basic" else value


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / ".docker").mkdir(parents=True)
    return folder


@pytest.fixture
def client(tmp_path, home, events) -> Iterator[Client]:
    environment = {"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(home / "run")}
    settings = Settings(cache_dir=tmp_path / "cache", timeout=5, environment=environment)
    with Client(settings, observer=events.append) as client:
        yield client


@pytest.fixture
def tokens(registry: Registry) -> Iterator[Registry]:
    """A token service for the registry: a token is `NAME SCOPE`, and its registry wants ann for a/, bob for b/."""
    service = Registry()

    def give(request, given):
        scope = request.url.partition("scope=")[2]
        body = json.dumps({"token": f"{name_of(request.headers.get('Authorization'))}|{scope}"}).encode()
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(body)))]), body=(body,))

    def guard(request, given):
        owner = {"a": "ann", "b": "bob"}.get(request.url.split("/")[2], "")
        shown = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if shown and shown.partition("|")[0] == owner:
            return given
        realm = f'Bearer realm="{service.server.url}/token",service="s"'
        return with_status(given, 401, ("WWW-Authenticate", realm))

    service.fault, registry.fault = give, guard
    with service.server:
        yield service


def docker_config(home: Path, content: object) -> None:
    (home / ".docker" / "config.json").write_text(json.dumps(content))


def docker_helper(home: Path, text: str = HELPER) -> Path:
    path = home / "bin" / "docker-credential-own"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def basic_alone(registry: Registry) -> None:
    def guard(request, given):
        if name_of(request.headers.get("Authorization")) == "ann":
            return given
        return with_status(given, 401, ("WWW-Authenticate", 'Basic realm="x"'))

    registry.fault = guard


def test_a_private_image_is_pulled_with_what_docker_knows_and_its_source_is_noted(
    registry, client, home, events, tmp_path
):
    registry.image("a/app", "1", LAYER)
    basic_alone(registry)
    docker_config(home, {"auths": {registry.server.address: auth("ann", "geheim")}})
    done = client.pull(registry.name("a/app:1"), platform="amd64", output=tmp_path / "x.tar")
    check_archive(done.path)
    source = f"{home}/.docker/config.json, {registry.server.address}"
    noted = [event.text for event in events if isinstance(event, Noted)]
    assert f"credentials for {registry.server.address}/a/app: from {source}" in noted
    assert "geheim" not in repr(events)


def test_no_file_is_read_and_no_helper_run_for_a_registry_that_asks_nobody(registry, client, home, tmp_path):
    registry.image("a/app", "1", LAYER)
    helper = docker_helper(home, "#!/bin/sh\nexit 1\n")
    docker_config(home, {"credsStore": "own"})
    (home / ".netrc").write_text("garbage")
    client.pull(registry.name("a/app:1"), platform="amd64", output=tmp_path / "x.tar")
    assert not helper.with_name(f"{helper.name}.calls").exists()


def test_a_helper_is_run_once_for_all_requests_of_a_repository(registry, client, home, tmp_path):
    registry.image("a/app", "1", noise(1, 50_000), noise(2, 60_000), noise(3, 70_000))
    basic_alone(registry)
    helper = docker_helper(home)
    docker_config(home, {"credHelpers": {registry.server.address: "own"}})
    client.pull(registry.name("a/app:1"), platform="amd64", output=tmp_path / "x.tar")
    client.tags(registry.name("a/app"))
    assert helper.with_name(f"{helper.name}.calls").read_text().split() == ["get"]


def test_a_broken_helper_of_this_registry_ends_the_pull_and_is_named(registry, client, home, tmp_path):
    registry.image("a/app", "1", LAYER)
    basic_alone(registry)
    docker_helper(home, "#!/bin/sh\necho geheim\nexit 1\n")
    docker_config(home, {"credHelpers": {registry.server.address: "own"}})
    with pytest.raises(BrokenHelper, match="docker-credential-own") as caught:
        client.pull(registry.name("a/app:1"), platform="amd64", output=tmp_path / "x.tar")
    assert "geheim" not in f"{caught.value.message} {caught.value.hint}"


def test_known_credentials_go_to_the_token_service_for_a_public_image_too(registry, tokens, client, home):
    registry.image("a/app", "1", LAYER)
    docker_config(home, {"auths": {registry.server.address: auth("ann", "geheim")}})
    client.plan(registry.name("a/app:1"), platform="amd64")
    assert [name_of(request.headers.get("Authorization")) for request in tokens.requests] == ["ann"]
    assert not any("Basic" in (one.headers.get("Authorization") or "") for one in registry.requests)


def test_each_repository_is_asked_for_with_its_own_credentials(registry, tokens, client, home):
    for repository in ("a/app", "b/app", "a/other"):
        registry.image(repository, "1", LAYER)
    (home / ".config" / "containers").mkdir(parents=True)
    host = registry.server.address
    keys = {f"{host}/a": auth("ann", "p"), f"{host}/b/app": auth("bob", "q")}
    (home / ".config" / "containers" / "auth.json").write_text(json.dumps({"auths": keys}))
    for repository in ("a/app", "b/app", "a/other", "a/app"):
        client.plan(registry.name(f"{repository}:1"), platform="amd64")
    asked = [(name_of(one.headers.get("Authorization")), one.url.partition("scope=")[2]) for one in tokens.requests]
    assert asked == [
        ("ann", "repository%3Aa%2Fapp%3Apull"),
        ("bob", "repository%3Ab%2Fapp%3Apull"),
        ("ann", "repository%3Aa%2Fother%3Apull"),
    ]


def test_a_namespaces_credentials_are_never_said_for_another(registry, tokens, client, home):
    registry.image("b/app", "1", LAYER)
    (home / ".config" / "containers").mkdir(parents=True)
    keys = {f"{registry.server.address}/a": auth("ann", "p")}
    (home / ".config" / "containers" / "auth.json").write_text(json.dumps({"auths": keys}))
    with pytest.raises(Unauthorized):
        client.plan(registry.name("b/app:1"), platform="amd64")
    assert [one.headers.get("Authorization") for one in tokens.requests] == [None]


def test_stale_credentials_are_refused_by_name_of_where_they_are(registry, tokens, client, home):
    registry.image("a/app", "1", LAYER)
    tokens.fault = lambda request, given: with_status(given, 401)
    docker_config(home, {"auths": {registry.server.address: auth("ann", "geheim")}})
    with pytest.raises(Unauthorized) as caught:
        client.plan(registry.name("a/app:1"), platform="amd64")
    assert f"{home}/.docker/config.json" in (caught.value.hint or "")


def test_what_is_given_for_one_registry_is_not_sent_to_the_next(registry, tmp_path, home, events):
    second = Registry()
    with second.server:
        for one in (registry, second):
            one.image("a/app", "1", LAYER)
            basic_alone(one)
        given = Settings(
            username="ann", password="geheim", cache_dir=tmp_path / "cache", environment={"HOME": str(home)}
        )
        with Client(given, observer=events.append) as client:
            client.plan(registry.name("a/app:1"), platform="amd64")
            with pytest.raises(Unauthorized):
                client.plan(second.name("a/app:1"), platform="amd64")
        assert {request.headers.get("Authorization") for request in second.requests} == {None}
    assert [event.text for event in events if isinstance(event, Warned)] != []
