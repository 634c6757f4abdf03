"""Programs that keep credentials, by their published protocol."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dget.config.credentials.helper import BrokenHelper, Helper
from dget.errors import DgetError
from dget.protocol.auth import Credential
from tests.unit.config.credentials.conftest import KEEPS, Person

GEHEIM = Credential(username="ann", password="geheim")


def helper_of(person: Person, script: str, timeout: float = 30.0) -> Helper:
    person.helper("own", script)
    return Helper(name="own", environment=person.environment, timeout=timeout)


def test_what_was_stored_is_got_until_it_is_erased(person):
    helper = helper_of(person, KEEPS)
    assert helper.get("https://one.example") is None
    helper.store("https://one.example", GEHEIM)
    assert helper.get("https://one.example") == GEHEIM
    helper.erase("https://one.example")
    assert helper.get("https://one.example") is None
    assert person.calls("own") == ["get", "store", "get", "erase", "get"]


def test_an_identity_token_is_stored_and_got_under_the_name_that_stands_for_one(person):
    helper = helper_of(person, KEEPS)
    helper.store("one.example", Credential(identity_token="I"))
    assert b'"Username":"<token>"' in (person.programs / "docker-credential-own.kept").read_bytes()
    assert helper.get("one.example") == Credential(identity_token="I")


def test_the_server_is_told_on_standard_input_and_nothing_on_the_command_line(person):
    helper = helper_of(person, 'cat > "$0.in"; echo "$#" > "$0.count"; echo \'{"Username":"a","Secret":"b"}\'')
    helper.get("https://index.docker.io/v1/")
    assert (person.programs / "docker-credential-own.in").read_text() == "https://index.docker.io/v1/"
    assert (person.programs / "docker-credential-own.count").read_text().strip() == "1"


def test_it_lists_its_servers(person):
    assert helper_of(person, KEEPS).servers() == {"https://one.example": "ann"}


@pytest.mark.parametrize("status", [0, 1])
def test_credentials_that_are_not_found_are_none_whatever_its_exit_status(person, status):
    script = f'echo "credentials not found in native keychain"; exit {status}'
    assert helper_of(person, script).get("one.example") is None
    helper_of(person, script).erase("one.example")


def test_an_answer_without_a_secret_is_none(person):
    assert helper_of(person, 'echo \'{"ServerURL":"","Username":"","Secret":""}\'').get("one.example") is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo geheim; echo geheim >&2; exit 3", "exit status 3"),
        ("echo geheim", "no credential"),
        ('echo \'{"Username": 5, "Secret": "geheim"}\'', "no credential"),
        ("echo '[\"geheim\"]'", "no credential"),
        ("true", "no credential"),
        ("head -c 3000000 /dev/zero", "more than 1 MB"),
        ("kill -9 $$", "exit status -9"),
    ],
)
def test_one_that_is_broken_is_an_error_that_names_it_and_shows_nothing_of_what_it_said(person, script, said):
    with pytest.raises(BrokenHelper, match="docker-credential-own") as caught:
        helper_of(person, script).get("one.example")
    assert said in caught.value.message
    assert "geheim" not in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.exit_status == 4


def test_one_that_fails_to_store_says_so_without_the_password(person):
    with pytest.raises(BrokenHelper, match="docker-credential-own failed to store") as caught:
        helper_of(person, "cat; exit 1").store("one.example", GEHEIM)
    assert "geheim" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("script", ["exec sleep 5", "sleep 5", "sleep 5 & exit 0", "exec >&-; exec sleep 5"])
def test_one_that_hangs_is_given_up_also_where_what_it_started_lives_on(person, script):
    begun = time.monotonic()
    with pytest.raises(BrokenHelper, match=r"docker-credential-own did not (answer|end) within 0\.5 seconds"):
        helper_of(person, f"{script}", timeout=0.5).get("one.example")
    assert time.monotonic() - begun < 4.5


def test_one_that_reads_nothing_is_heard_all_the_same(person):
    helper = helper_of(person, 'exec <&-; echo \'{"Username":"ann","Secret":"geheim"}\'')
    assert helper.get("x" * 1_000_000) == GEHEIM


@pytest.mark.parametrize("name", ["missing", "", "../own", "a\\b", "a\0b"])
def test_one_that_is_missing_or_no_program_is_named(person, name):
    with pytest.raises(BrokenHelper, match="docker-credential-"):
        Helper(name=name, environment=person.environment).get("one.example")


def test_one_that_cannot_be_run_is_named(person):
    person.helper("own", "true").write_bytes(b"\x7fELF nonsense")
    with pytest.raises(BrokenHelper, match="docker-credential-own"):
        Helper(name="own", environment=person.environment).get("one.example")


def test_secrets_are_not_in_a_repr(person):
    assert "geheim" not in repr(Helper(name="own", environment={"TOKEN": "geheim"}))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_whatever_it_answers_it_is_read_or_named(person, answer):
    (person.programs / "answer").write_bytes(answer)
    try:
        helper_of(person, 'cat "$(dirname "$0")/answer"').get("one.example")
    except DgetError as error:
        assert "docker-credential-own" in error.message  # noqa: PT017 - it may as well be read
