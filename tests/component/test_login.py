"""`Client.login` and `Client.logout`."""

import base64
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dget import Client, Settings
from dget.api import LoginResult, LogoutResult
from dget.errors import NetworkError, Unauthorized, UsageError
from dget.protocol.http import Headers
from dget.serve import Answer
from tests.component.conftest import Registry, noise, with_body, with_status

BASIC = f"Basic {base64.b64encode(b'ann:geheim').decode()}"


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch):
    """This machine's own keyring is nobody's business."""
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def client(tmp_path, home, events) -> Iterator[Client]:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(home / "run")}
    settings = Settings(cache_dir=tmp_path / "cache", timeout=5, environment=environment)
    with Client(settings, observer=events.append) as client:
        yield client


@pytest.fixture
def private(registry: Registry) -> Registry:
    """ann alone gets in."""

    def guard(request, given):
        if request.headers.get("Authorization") == BASIC:
            return given
        return with_status(given, 401, ("WWW-Authenticate", 'Basic realm="x"'))

    registry.image("app", "1", noise(1, 10_000))
    registry.fault = guard
    return registry


def kept(home: Path) -> Path:
    return home / ".config" / "dget" / "credentials.json"


def test_what_the_registry_takes_is_kept_and_used_from_then_on(private, client, home):
    host = private.server.address
    with pytest.raises(Unauthorized):
        client.plan(private.name("app:1"), platform="amd64")
    assert client.login(host, username="ann", password="geheim") == LoginResult(
        registry=host, username="ann", kept_in=str(kept(home)), in_clear=True, checked=True
    )
    assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
    client.plan(private.name("app:1"), platform="amd64")
    assert client.logout(host) == LogoutResult(registry=host, removed_from=str(kept(home)), still_in=None)
    with pytest.raises(Unauthorized):
        client.plan(private.name("app:1"), platform="amd64")
    assert client.logout(host) == LogoutResult(registry=host, removed_from=None, still_in=None)


def test_what_the_registry_refuses_is_not_kept_and_said_once(private, client, home):
    with pytest.raises(Unauthorized):
        client.login(private.server.address, username="ann", password="falsch")
    assert not kept(home).exists()
    # An account is locked after a few wrong passwords.
    assert len([one for one in private.requests if one.headers.get("Authorization")]) == 1


def test_a_token_service_is_asked_as_the_person_without_a_scope(private, client, home):
    tokens = Registry()

    def give(request, given):
        if request.headers.get("Authorization") != BASIC:
            return with_status(given, 401)
        body = b'{"token": "T"}'
        return Answer(status=200, headers=Headers.of([("Content-Length", str(len(body)))]), body=(body,))

    def guard(request, given):
        if request.headers.get("Authorization") == "Bearer T":
            return given
        realm = f'Bearer realm="{tokens.server.url}/token",service="s"'
        return with_status(given, 401, ("WWW-Authenticate", realm))

    tokens.fault, private.fault = give, guard
    with tokens.server:
        assert client.login(private.server.address, username="ann", password="geheim").checked
        with pytest.raises(Unauthorized, match="refused the name or the password"):
            client.login(private.server.address, username="ann", password="falsch")
        assert [one.url for one in tokens.requests] == ["/token?service=s"] * 2
    assert [path for _, path, _ in private.asked] == ["/v2/"] * 3


def test_a_registry_that_lets_everybody_in_cannot_check(registry, client):
    assert not client.login(registry.server.address, username="ann", password="geheim").checked


@pytest.mark.parametrize("kind", ["nothing there", "a web page"])
def test_what_is_no_registry_gets_nobody(registry, client, home, kind):
    if kind == "a web page":
        page = b"<!doctype html>"
        registry.fault = lambda request, given: with_body(
            Answer(status=200, headers=Headers.of([("Content-Length", str(len(page)))]), body=(page,)), bytes
        )
    else:
        registry.fault = lambda request, given: with_status(given, 404)
    with pytest.raises(NetworkError, match="as a registry"):
        client.login(registry.server.address, username="ann", password="geheim")
    assert not kept(home).exists()


def test_a_later_login_replaces_an_earlier_one(private, client, home):
    host = private.server.address
    kept(home).parent.mkdir(parents=True)
    old = base64.b64encode(b"ann:alt").decode()
    kept(home).write_text(json.dumps({"auths": {host: {"auth": old}}}))
    client.login(host, username="ann", password="geheim")
    assert old not in kept(home).read_text()


def test_logout_says_whose_credentials_are_still_used(private, client, home):
    host = private.server.address
    (home / ".netrc").write_text(f"machine {host} login ann password geheim")
    client.login(host, username="ann", password="geheim")
    assert client.logout(host).still_in == f"{home}/.netrc, machine {host}"


def test_logout_goes_well_where_another_tools_file_is_broken(private, client, home):
    host = private.server.address
    client.login(host, username="ann", password="geheim")
    (home / ".netrc").write_text("garbage")
    assert client.logout(host) == LogoutResult(registry=host, removed_from=str(kept(home)), still_in=None)


def test_the_password_of_the_settings_is_not_what_login_checks(private, home, tmp_path):
    settings = Settings(username="ann", password="geheim", environment={"HOME": str(home)})
    with Client(settings) as client, pytest.raises(Unauthorized):
        client.login(private.server.address, username="ann", password="falsch")


@pytest.mark.parametrize("text", ["quay.io/team", "a b", "http://"])
def test_what_is_no_registrys_name_is_refused(client, text):
    with pytest.raises(UsageError):
        client.login(text, username="ann", password="geheim")


def test_without_a_name_or_a_password_nobody_logs_in(registry, client):
    for name, password in (("", "geheim"), ("ann", "")):
        with pytest.raises(UsageError):
            client.login(registry.server.address, username=name, password=password)
    assert registry.requests == []
