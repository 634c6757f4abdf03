"""What `~/.netrc` knows."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dget.config.credentials.netrc_file import Netrc, read_machines
from dget.errors import DgetError, StorageError, UsageError
from tests.unit.config.credentials.conftest import Person

TEXT = """
# ours
machine a.example login ann password "p q#"
machine a.example:5000
    login port
    password r
default login anonymous password me@example
machine docker.io login hub password s
macdef init
echo geheim

machine empty.example login nobody
"""


def found(person: Person, domain: str) -> tuple[str, str] | None:
    credential = Netrc(person.environment).find(domain, "x/y")
    return (credential.username, credential.password) if credential else None


def test_a_machine_is_found_by_host_and_port_or_by_host(person):
    person.write(".netrc", TEXT)
    assert found(person, "a.example") == ("ann", "p q#")
    assert found(person, "a.example:5000") == ("port", "r")
    assert found(person, "a.example:5001") == ("ann", "p q#")
    assert found(person, "docker.io") == ("hub", "s")
    assert found(person, "[::1]:5000") is None


def test_of_two_entries_the_first_counts_and_quotation_marks_hold_anything(person):
    text = (
        'machine a.example user x password "p \\" \\\\ #q"\nmachine a.example login y password z\n# geheim password\n'
    )
    person.write(".netrc", text)
    assert found(person, "a.example") == ("x", 'p " \\ #q')


def test_what_stands_outside_quotation_marks_is_taken_as_it_is(person):
    person.write(".netrc", 'machine a.example login CORP\\ann password pa"ss#\\1')
    assert found(person, "a.example") == ("CORP\\ann", 'pa"ss#\\1')


def test_default_and_machines_without_a_password_do_not_count(person):
    person.write(".netrc", TEXT)
    assert found(person, "b.example") is None
    assert found(person, "empty.example") is None


def test_it_is_where_netrc_says(person):
    person.write(".netrc", TEXT)
    person.environment["NETRC"] = str(person.write("other", "machine a.example login other password p"))
    assert found(person, "a.example") == ("other", "p")
    assert found(person, "docker.io") is None


def test_without_a_file_or_a_home_there_is_nothing(person):
    assert found(person, "a.example") is None
    assert Netrc({}).find("a.example", "") is None


@pytest.mark.parametrize("text", ["geheim", "machine a geheim b", 'machine a login "geheim"x', '"geheim'])
def test_one_of_another_form_is_named_and_not_shown(person, text):
    person.write(".netrc", f"machine b.example login x password y\n{text}")
    with pytest.raises(UsageError, match=r"\.netrc") as caught:
        found(person, "a.example")
    assert "geheim" not in caught.value.message


def test_one_that_cannot_be_read_is_named(person):
    (person.home / ".netrc").mkdir()
    with pytest.raises(StorageError, match=r"\.netrc"):
        found(person, "a.example")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120) | st.text(alphabet='machine login password"#\\ \nab', max_size=80).map(str.encode))
def test_whatever_it_holds_it_is_read_or_named(person, data):
    path = person.write(".netrc", data)
    try:
        read_machines(path)
    except DgetError as error:
        assert ".netrc" in error.message  # noqa: PT017 - it may as well be read
