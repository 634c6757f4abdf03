"""`auths`, `credHelpers` and `credsStore` in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.credentials.auth_file import AuthFile, entry_of
from dget.errors import DgetError, StorageError, UsageError
from dget.protocol.auth import Credential
from tests.unit.config.credentials.conftest import auth


def file_of(content: object) -> AuthFile:
    return AuthFile.parse(json.dumps(content).encode(), "FILE")


def found(file: AuthFile, domain: str, repository: str = "") -> tuple[str, str] | None:
    credential = file.credential(domain, repository)
    return (credential.username, credential.password) if credential else None


def test_a_name_and_a_password_are_read_from_auth_or_as_they_are():
    file = file_of({"auths": {"a.example": auth("ann", "p:q"), "b.example": {"username": "bob", "password": "r"}}})
    assert found(file, "a.example") == ("ann", "p:q")
    assert found(file, "b.example") == ("bob", "r")
    assert found(file, "c.example") is None


@pytest.mark.parametrize(
    "key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "https://registry-1.docker.io"]
)
def test_docker_hub_is_found_by_each_of_its_names(key):
    assert found(file_of({"auths": {key: auth("ann", "p")}}), "docker.io", "library/alpine") == ("ann", "p")


def test_the_key_as_it_is_written_comes_before_one_that_means_the_same():
    file = file_of({"auths": {"https://a.example/v1/": auth("old", "p"), "a.example": auth("new", "p")}})
    assert found(file, "a.example") == ("new", "p")


def test_the_longest_key_decides_and_is_named():
    file = file_of(
        {
            "auths": {
                "a.example": auth("all", "p"),
                "a.example/team": auth("team", "p"),
                "a.example/team/x": auth("x", "p"),
            }
        }
    )
    assert found(file, "a.example", "team/x") == ("x", "p")
    assert found(file, "a.example", "team/y") == ("team", "p")
    assert found(file, "a.example", "teams/x") == ("all", "p")
    credential = file.credential("a.example", "team/y")
    assert credential is not None
    assert credential.source == "FILE, a.example/team"


def test_a_namespaces_credentials_are_for_no_other_repository_and_no_other_port():
    file = file_of({"auths": {"a.example/team": auth("team", "p"), "b.example:5000": auth("port", "p")}})
    assert found(file, "a.example", "other/x") is None
    assert found(file, "a.example") is None
    assert found(file, "b.example", "x") is None


def test_an_empty_entry_is_none_and_an_identity_token_is_one_without_a_password():
    file = file_of(
        {
            "auths": {
                "a.example": {},
                "b.example": None,
                "c.example": {**auth("00000000-0000-0000-0000-000000000000", ""), "identitytoken": "I"},
                "d.example": {"registrytoken": "R"},
            }
        }
    )
    assert found(file, "a.example") is None
    assert found(file, "b.example") is None
    identity, registry = file.credential("c.example", ""), file.credential("d.example", "")
    assert identity is not None
    assert (identity.username, identity.identity_token) == ("00000000-0000-0000-0000-000000000000", "I")
    assert registry is not None
    assert registry.registry_token == "R"


@pytest.mark.parametrize("content", [b"", b" \n", b"{}", b'{"auths": null, "credHelpers": null, "proxies": {"x": 1}}'])
def test_a_file_that_says_nothing_has_nothing(content):
    file = AuthFile.parse(content, "FILE")
    assert found(file, "a.example") is None
    assert file.helper_for("a.example") is None
    assert file.helper_for_all is None


@pytest.mark.parametrize(
    "content",
    [
        b"garbage geheim",
        b"\xff\xfe",
        b"[]",
        b'"geheim"',
        b'{"auths": []}',
        b'{"auths": {"a.example": "geheim"}}',
        b'{"auths": {"a.example": {"auth": 5}}}',
        b'{"credHelpers": {"a.example": ["geheim"]}}',
        b'{"credsStore": {}}',
        b"[" * 100_000,
    ],
    ids=range(10),
)
def test_a_file_of_another_form_is_an_error_that_names_it_and_shows_nothing_of_it(content):
    with pytest.raises(UsageError, match="FILE") as caught:
        AuthFile.parse(content, "FILE")
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize(
    "entry",
    [
        {"auth": "geheim!"},
        {"auth": "AAA"},
        {"auth": "Z2VoZWlt"},
        {"auth": "OmdlaGVpbQ=="},
        {"auth": "//79"},
        {"registrytoken": "geheim\r\nX: y"},
    ],
    ids=["not base64", "cut", "no colon", "no name", "no text", "two lines"],
)
def test_an_entry_that_makes_no_sense_is_an_error_that_names_it_for_its_own_registry_alone(entry):
    file = file_of({"auths": {"a.example": entry, "b.example": auth("bob", "p")}})
    assert found(file, "b.example") == ("bob", "p")
    with pytest.raises(UsageError, match=r"FILE, a\.example") as caught:
        file.credential("a.example", "")
    assert "geheim" not in caught.value.message


def test_a_file_that_cannot_be_read_or_is_too_large_is_named(tmp_path):
    with pytest.raises(StorageError, match=str(tmp_path)):
        AuthFile.read(tmp_path)
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (5 << 20))
    with pytest.raises(UsageError, match=r"large\.json is larger"):
        AuthFile.read(large)
    assert AuthFile.read(tmp_path / "missing.json") is None
    assert AuthFile.read(large / "below-a-file.json") is None


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(data):
    try:
        file = AuthFile.parse(data, "FILE")
        file.credential("a.example", "x/y")
        file.helper_for("a.example")
    except DgetError as error:
        assert "FILE" in error.message  # noqa: PT017 - it may as well be read


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(auths=st.dictionaries(st.just("a.example") | st.text(max_size=8), _JSON, max_size=3), more=_JSON)
def test_whatever_its_values_are_it_is_read_or_refused(auths, more):
    try:
        file_of({"auths": auths, "credHelpers": more}).credential("a.example", "")
    except DgetError as error:
        assert "FILE" in error.message  # noqa: PT017 - it may as well be read


_NAMES = st.text(st.characters(exclude_characters=":\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
_SECRETS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(name=_NAMES, password=_SECRETS, identity=st.just("") | _SECRETS)
def test_what_is_written_is_read_again(name, password, identity):
    credential = Credential(username=name, password=password, identity_token=identity)
    assert file_of({"auths": {"a.example": entry_of(credential)}}).credential("a.example", "x") == credential
