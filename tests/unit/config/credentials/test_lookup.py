"""The order in which credentials are looked for."""

import pytest

from dget.config.credentials import CredentialLookup, OwnStore
from dget.protocol.auth import Credential
from tests.unit.config.credentials.conftest import auth


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


GIVEN = Credential(username="given", password="geheim", source="the command line")


def test_the_order_is_given_own_docker_podman_netrc_and_each_is_named(person):
    files = [
        person.write(".config/dget/credentials.json", {"auths": {"a.example": auth("own", "geheim")}}),
        person.write(".docker/config.json", {"auths": {"a.example": auth("docker", "geheim")}}),
        person.write(".config/containers/auth.json", {"auths": {"a.example": auth("podman", "geheim")}}),
        person.write(".netrc", "machine a.example login netrc password geheim"),
    ]
    given = CredentialLookup(person.environment, person.observe, GIVEN).find("a.example", "x")
    assert given is GIVEN
    assert person.noted == ["credentials for a.example: from the command line"]
    for name, file in zip(("own", "docker", "podman", "netrc"), files, strict=True):
        person.events.clear()
        found = CredentialLookup(person.environment, person.observe).find("a.example", "x")
        assert found is not None
        assert found.username == name
        assert f"credentials for a.example/x: from {file}" in person.noted[-1]
        file.unlink()
    person.events.clear()
    assert CredentialLookup(person.environment, person.observe).find("a.example", "x") is None
    assert len(person.noted) == 4
    for file, text in zip(files, person.noted, strict=True):
        assert text.startswith("credentials for a.example/x: none in ")
        assert str(file) in text
    assert "geheim" not in repr(person.events)


def test_a_file_after_the_one_that_decides_is_not_read(person):
    person.write(".docker/config.json", {"auths": {"a.example": auth("docker", "p")}})
    person.write(".config/containers/auth.json", "garbage")
    person.write(".netrc", "garbage")
    assert CredentialLookup(person.environment, person.observe).find("a.example") is not None


def test_each_is_looked_for_once(person):
    person.helper("all", 'cat > /dev/null; echo "credentials not found in native keychain"; exit 1')
    person.write(".docker/config.json", {"credsStore": "all"})
    lookup = CredentialLookup(person.environment, person.observe)
    assert [lookup.find("a.example", "x") for _ in range(3)] == [None] * 3
    assert person.calls("all") == ["get"]


def test_what_was_found_is_looked_for_anew_after_a_while_since_helpers_passwords_expire(person):
    clock = Clock()
    person.helper(
        "cloud", 'cat > /dev/null; n=$(wc -l < "$0.calls"); echo "{\\"Username\\":\\"AWS\\",\\"Secret\\":\\"$n\\"}"'
    )
    person.write(".docker/config.json", {"credHelpers": {"a.example": "cloud"}})
    lookup = CredentialLookup(person.environment, person.observe, clock=clock)
    secrets = []
    for seconds in (0, 200, 200, 10):
        clock.now += seconds
        found = lookup.find("a.example", "x")
        assert found is not None
        secrets.append(found.password)
    assert secrets == ["1", "1", "2", "2"]


def test_the_runs_own_password_goes_to_the_first_registry_alone(person):
    person.write(".docker/config.json", {"auths": {"b.example": auth("docker", "p")}})
    lookup = CredentialLookup(person.environment, person.observe, GIVEN)
    assert lookup.find("a.example", "x") is GIVEN
    assert lookup.find("a.example", "y") is GIVEN
    found = [lookup.find("b.example", repository) for repository in "xy"]
    assert [one.username for one in found if one] == ["docker", "docker"]
    assert person.warned == ["the name and the password of this run are for a.example, not for b.example"]


def test_a_mirror_never_gets_the_runs_own_password(person):
    lookup = CredentialLookup(person.environment, person.observe, GIVEN)
    assert lookup.stored("mirror.example", "x") is None
    assert lookup.find("a.example", "x") is GIVEN
    person.write(".docker/config.json", {"auths": {"mirror.example": auth("docker", "p")}})
    stored = CredentialLookup(person.environment, person.observe, GIVEN).stored("mirror.example")
    assert stored is not None
    assert stored.username == "docker"


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io"])
def test_docker_hub_is_found_by_its_names(person, name):
    OwnStore(person.environment, person.observe).keep(name, GIVEN)
    assert CredentialLookup(person.environment, person.observe).find("docker.io", "library/alpine") == GIVEN


def test_nothing_in_the_environment_means_nothing_is_known(person):
    assert CredentialLookup({}, person.observe).find("a.example") is None
