"""What registries are called in files that hold credentials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.credentials.server_names import docker_server, keys_for, normal_key, registry_name
from dget.errors import UsageError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("docker.io", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("https://registry-1.docker.io/v2/", "docker.io"),
        ("Quay.IO", "quay.io"),
        ("https://quay.io", "quay.io"),
        ("http://localhost:5000/", "localhost:5000"),
        ("127.0.0.1:5000/v2", "127.0.0.1:5000"),
        ("[::1]:5000", "[::1]:5000"),
        # A scheme makes it an address, whose path says nothing.
        ("https://gitlab.example/group", "gitlab.example"),
        ("quay.io/team/app", "quay.io/team/app"),
        ("index.docker.io/library/alpine", "docker.io/library/alpine"),
    ],
)
def test_a_key_has_one_form(written, meant):
    assert normal_key(written) == meant


@pytest.mark.parametrize("text", ["", "quay.io/team", "a b", "me@quay.io", "quay.io:port", "-x", "https://"])
def test_what_is_no_host_is_refused_as_a_registry(text):
    with pytest.raises(UsageError, match="registry"):
        registry_name(text)


def test_the_keys_for_a_repository_go_from_the_longest_to_the_registry():
    assert list(keys_for("docker.io", "library/alpine")) == [
        "docker.io/library/alpine",
        "docker.io/library",
        "docker.io",
    ]
    assert list(keys_for("quay.io:443", "")) == ["quay.io:443"]


def test_helpers_hear_docker_hub_by_its_old_name():
    assert docker_server("docker.io") == "https://index.docker.io/v1/"
    assert docker_server("Quay.io") == "quay.io"


@given(st.text(max_size=60))
def test_the_form_of_a_form_is_itself(text):
    assert normal_key(normal_key(text)) == normal_key(text)
