"""What podman, buildah and skopeo know."""

import sys

import pytest

from dget.config.credentials.containers_auth import ContainersAuth, auth_paths
from dget.config.credentials.helper import BrokenHelper
from tests.unit.config.credentials.conftest import Person, auth


def name(person: Person, domain: str, repository: str = "") -> str | None:
    found = ContainersAuth(person.environment).find(domain, repository)
    return found.username if found else None


def test_the_first_file_that_has_some_decides(person):
    person.environment["XDG_RUNTIME_DIR"] = str(person.home / "run")
    person.write("run/containers/auth.json", {"auths": {"a.example": auth("run", "p")}})
    person.write(".config/containers/auth.json", {"auths": {"a.example": auth("c", "p"), "b.example": auth("c", "p")}})
    assert (name(person, "a.example"), name(person, "b.example")) == ("run", "c")
    person.environment["REGISTRY_AUTH_FILE"] = str(person.write("own.json", {"auths": {"a.example": auth("own", "p")}}))
    assert (name(person, "a.example"), name(person, "b.example")) == ("own", "c")
    person.environment["XDG_CONFIG_HOME"] = str(person.home / "xdg")
    person.write("xdg/containers/auth.json", {"auths": {"b.example": auth("xdg", "p")}})
    assert name(person, "b.example") == "xdg"


def test_its_places_are_podmans():
    paths = [str(path) for path in auth_paths({"HOME": "/h"})]
    assert paths[-1] == "/h/.config/containers/auth.json"
    if sys.platform == "linux":
        assert paths[0].startswith("/run/containers/")
    assert [str(path) for path in auth_paths({"REGISTRY_AUTH_FILE": "/f"})] == ["/f"]


def test_a_repository_has_its_own_credentials(person):
    person.write(
        ".config/containers/auth.json",
        {
            "auths": {
                "docker.io/ann": auth("ann", "p"),
                "docker.io/bob/app": auth("bob", "p"),
                "docker.io": auth("all", "p"),
            }
        },
    )
    assert name(person, "docker.io", "ann/x") == "ann"
    assert name(person, "docker.io", "bob/app") == "bob"
    assert name(person, "docker.io", "bob/other") == "all"
    assert name(person, "docker.io", "library/alpine") == "all"


def test_a_registrys_helper_hears_the_name_that_stands_there(person):
    person.helper("one", 'cat > "$0.asked"; echo \'{"Username":"ann","Secret":"geheim"}\'')
    person.write(".config/containers/auth.json", {"credHelpers": {"docker.io": "one"}})
    assert name(person, "docker.io", "library/alpine") == "ann"
    assert (person.programs / "docker-credential-one.asked").read_text() == "docker.io"
    assert name(person, "a.example") is None
    person.helper("one", "exit 1")
    with pytest.raises(BrokenHelper, match="docker-credential-one"):
        name(person, "docker.io")
