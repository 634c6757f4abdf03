"""What Docker knows."""

import json

import pytest

from dget.config.credentials.docker_config import DockerConfig
from dget.config.credentials.helper import BrokenHelper
from dget.errors import UsageError
from dget.protocol.auth import Credential
from tests.unit.config.credentials.conftest import Person, auth

CONFIG = ".docker/config.json"
ANN = 'cat > "$0.asked"; echo \'{"Username":"ann","Secret":"geheim"}\''
NONE = 'cat > /dev/null; echo "credentials not found in native keychain"; exit 1'


def find(person: Person, domain: str, repository: str = "") -> Credential | None:
    return DockerConfig(person.environment, person.observe).find(domain, repository)


def name(found: Credential | None) -> str | None:
    return found.username if found else None


def test_it_is_read_from_the_home_or_where_docker_config_says(person, tmp_path):
    assert find(person, "a.example") is None
    person.write(CONFIG, {"auths": {"a.example": auth("home", "p")}})
    assert name(find(person, "a.example")) == "home"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "config.json").write_text(json.dumps({"auths": {"a.example": auth("elsewhere", "p")}}))
    person.environment["DOCKER_CONFIG"] = str(tmp_path / "elsewhere")
    found = find(person, "a.example")
    assert name(found) == "elsewhere"
    assert found is not None
    assert found.source == f"{tmp_path}/elsewhere/config.json, a.example"


def test_without_a_home_there_is_nothing(person):
    assert DockerConfig({}, person.observe).find("a.example", "") is None


def test_the_content_in_the_environment_comes_first(person):
    person.write(CONFIG, {"auths": {"a.example": auth("file", "p"), "b.example": auth("file", "p")}})
    person.environment["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"a.example": auth("variable", "p")}})
    assert name(find(person, "a.example")) == "variable"
    assert name(find(person, "b.example")) == "file"
    person.environment["DOCKER_AUTH_CONFIG"] = "geheim"
    with pytest.raises(UsageError, match="DOCKER_AUTH_CONFIG") as caught:
        find(person, "b.example")
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_a_registrys_own_helper_comes_before_the_general_one_and_hears_dockers_name(person, key):
    person.helper("one", ANN)
    person.helper("all", NONE)
    person.write(CONFIG, {"credHelpers": {key: "one"}, "credsStore": "all"})
    found = find(person, "docker.io", "library/alpine")
    assert name(found) == "ann"
    assert found is not None
    assert found.source.startswith("docker-credential-one, named in ")
    assert (person.programs / "docker-credential-one.asked").read_text() == "https://index.docker.io/v1/"
    assert person.calls("all") == []


def test_the_general_helper_is_asked_for_every_other_registry(person):
    person.helper("one", NONE)
    person.helper("all", ANN)
    person.write(CONFIG, {"credHelpers": {"b.example": "one"}, "credsStore": "all"})
    assert name(find(person, "a.example:5000", "x/y")) == "ann"
    assert (person.programs / "docker-credential-all.asked").read_text() == "a.example:5000"
    assert person.calls("one") == []


def test_what_no_helper_has_is_looked_for_in_the_file(person):
    person.helper("all", NONE)
    person.write(CONFIG, {"auths": {"a.example": auth("file", "p")}, "credsStore": "all"})
    assert name(find(person, "a.example")) == "file"


def test_a_broken_helper_of_this_registry_is_an_error_that_names_it(person):
    person.helper("one", "exit 1")
    person.write(CONFIG, {"credHelpers": {"a.example": "one"}})
    with pytest.raises(BrokenHelper, match="docker-credential-one"):
        find(person, "a.example")
    assert find(person, "b.example") is None


def test_a_broken_general_helper_is_an_error_where_somebody_logged_in_and_else_a_warning(person):
    person.write(CONFIG, {"auths": {"a.example": {}}, "credsStore": "gone"})
    with pytest.raises(BrokenHelper, match="docker-credential-gone is not installed"):
        find(person, "a.example")
    assert find(person, "b.example") is None
    assert len(person.warned) == 1
    assert "docker-credential-gone" in person.warned[0]
