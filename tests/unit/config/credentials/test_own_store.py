"""What `dget login` keeps."""

import json
import stat
import sys
import threading
from types import ModuleType

import pytest

from dget.codec import FileLock
from dget.config.credentials import own_file
from dget.config.credentials.helper import BrokenHelper
from dget.config.credentials.own_store import Kept, OwnStore
from dget.errors import StorageError, UsageError
from dget.protocol.auth import Credential
from tests.unit.config.credentials.conftest import KEEPS, Person, auth

GEHEIM = Credential(username="ann", password="geheim")
OWN = ".config/dget/credentials.json"


@pytest.fixture
def store(person) -> OwnStore:
    return OwnStore(person.environment, person.observe)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch):
    """This machine's own keyring is nobody's business."""
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def keyring(monkeypatch):
    """The `keyring` package's API over a dictionary."""
    module = ModuleType("keyring")
    entries: dict[tuple[str, str], str] = {}
    backend = type("Backend", (), {"priority": 5})()
    module.__dict__.update(
        entries=entries,
        backend=backend,
        get_keyring=lambda: backend,
        get_password=lambda service, name: entries.get((service, name)),
        set_password=lambda service, name, text: entries.__setitem__((service, name), text),
        delete_password=lambda service, name: entries.pop((service, name)),
    )
    monkeypatch.setitem(sys.modules, "keyring", module)
    return module


def content(person: Person) -> dict[str, object]:
    read: dict[str, object] = json.loads((person.home / OWN).read_bytes())
    return read


def test_without_a_safer_place_it_is_a_file_for_its_owner_alone(person, store):
    assert store.keep("a.example", GEHEIM) == Kept(place=str(person.home / OWN), in_clear=True)
    assert stat.S_IMODE((person.home / OWN).stat().st_mode) == 0o600
    assert stat.S_IMODE((person.home / OWN).parent.stat().st_mode) == 0o700
    found = store.find("a.example", "x/y")
    assert found == GEHEIM
    assert str(person.home / OWN) in found.source
    assert [path.name for path in (person.home / OWN).parent.iterdir()] == ["credentials.json"]


def test_a_file_that_others_may_read_is_closed_by_the_next_login(person, store):
    path = person.write(OWN, {"auths": {"b.example": auth("bob", "p")}})
    path.chmod(0o644)
    store.keep("a.example", GEHEIM)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert store.find("b.example") is not None


def test_a_link_to_the_file_stays_a_link(person, store):
    target = person.write("dotfiles/credentials.json", {})
    (person.home / OWN).parent.mkdir(parents=True)
    (person.home / OWN).symlink_to(target)
    store.keep("a.example", GEHEIM)
    assert (person.home / OWN).is_symlink()
    assert b"a.example" in target.read_bytes()


def test_docker_hub_is_one_registry_by_all_its_names(person, store):
    store.keep("docker.io", GEHEIM)
    assert store.find("index.docker.io") == GEHEIM
    assert store.forget("registry-1.docker.io") == str(person.home / OWN)
    assert store.find("docker.io") is None


def test_what_is_forgotten_is_gone_and_the_rest_stays(person, store):
    store.keep("a.example", GEHEIM)
    store.keep("b.example", GEHEIM)
    assert store.forget("a.example") is not None
    assert store.forget("a.example") is None
    assert store.find("a.example") is None
    assert store.find("b.example") == GEHEIM


def test_what_somebody_added_to_the_file_stays(person, store):
    person.write(OWN, {"auths": {"b.example": auth("bob", "p")}, "note": [1]})
    store.keep("a.example", GEHEIM)
    assert content(person)["note"] == [1]
    assert store.find("b.example") is not None


def test_dockers_helper_keeps_it_apart_from_dockers_own(person, store):
    person.helper("chosen", KEEPS)
    person.write(".docker/config.json", {"credsStore": "chosen"})
    assert store.keep("a.example", GEHEIM) == Kept(place="docker-credential-chosen", in_clear=False)
    assert b'"ServerURL":"https://dget/a.example"' in (person.programs / "docker-credential-chosen.kept").read_bytes()
    assert "geheim" not in (person.home / OWN).read_text()
    assert content(person) == {"credHelpers": {"a.example": "chosen"}}
    assert store.find("a.example") == GEHEIM
    assert store.forget("a.example") == "docker-credential-chosen"
    assert not (person.programs / "docker-credential-chosen.kept").exists()
    assert store.find("a.example") is None


def test_no_helper_runs_for_a_registry_that_nobody_logged_in_to(person, store):
    person.helper("chosen", KEEPS)
    person.write(".docker/config.json", {"credsStore": "chosen"})
    assert store.find("a.example") is None
    assert store.forget("a.example") is None
    assert person.calls("chosen") == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the helper of the system differs")
def test_pass_keeps_it_where_it_has_been_set_up(person, store):
    person.helper("pass", KEEPS)
    assert store.keep("a.example", GEHEIM).in_clear
    person.write(".password-store/.gpg-id", "key")
    assert store.keep("a.example", GEHEIM) == Kept(place="docker-credential-pass", in_clear=False)
    assert content(person) == {"credHelpers": {"a.example": "pass"}}


def test_a_helper_that_fails_is_named_and_the_next_place_is_taken(person, store):
    person.helper("chosen", "cat; exit 1")
    person.write(".docker/config.json", {"credsStore": "chosen"})
    assert store.keep("a.example", GEHEIM).in_clear
    assert "docker-credential-chosen" in person.warned[0]
    assert "geheim" not in repr(person.events)


def test_a_new_login_leaves_no_older_password_behind(person, store):
    store.keep("a.example", GEHEIM)
    person.helper("chosen", KEEPS)
    person.write(".docker/config.json", {"credsStore": "chosen"})
    store.keep("a.example", Credential(username="ann", password="neu"))
    assert "auths" not in content(person)
    person.write(".docker/config.json", {})
    store.keep("a.example", GEHEIM)
    assert "credHelpers" not in content(person)
    assert not (person.programs / "docker-credential-chosen.kept").exists()


def test_a_helper_that_is_broken_later_is_named(person, store):
    person.write(OWN, {"credHelpers": {"a.example": "gone"}})
    with pytest.raises(BrokenHelper, match="docker-credential-gone"):
        store.find("a.example")
    with pytest.raises(BrokenHelper, match="docker-credential-gone"):
        store.forget("a.example")
    assert store.find("b.example") is None


def test_the_keyring_keeps_it_where_there_is_one(person, store, keyring):
    credential = Credential(username="ann", password="geheim", identity_token="I")
    assert store.keep("a.example", credential) == Kept(place="the keyring", in_clear=False)
    assert content(person) == {"keyrings": ["a.example"]}
    assert store.find("a.example", "x") == credential
    assert list(keyring.entries) == [("dget", "a.example")]
    assert store.forget("a.example") == "the keyring"
    assert keyring.entries == {}
    assert store.find("a.example") is None


def test_a_keyring_in_plain_text_is_none(person, store, keyring):
    keyring.backend.priority = 0.5
    assert store.keep("a.example", GEHEIM).in_clear


def test_a_keyring_that_fails_is_named_and_the_file_is_taken(person, store, keyring):
    def locked(*_):
        raise RuntimeError("geheim")

    keyring.set_password = locked
    assert store.keep("a.example", GEHEIM).in_clear
    assert "the keyring failed" in person.warned[0]
    assert "geheim" not in repr(person.events)


@pytest.mark.parametrize("text", ["nonsense geheim", "[]", '{"username": 5}'])
def test_a_keyrings_entry_of_another_kind_is_an_error(person, store, keyring, text):
    store.keep("a.example", GEHEIM)
    keyring.entries["dget", "a.example"] = text
    with pytest.raises(StorageError, match=r"a\.example") as caught:
        store.find("a.example")
    assert "geheim" not in caught.value.message


def test_a_keyring_that_is_gone_is_named(person, store, keyring, monkeypatch):
    store.keep("a.example", GEHEIM)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(StorageError, match="keyring"):
        store.find("a.example")


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"auths": 5}'])
def test_a_file_of_another_form_is_named_and_not_replaced(person, store, text):
    path = person.write(OWN, text)
    for call in (lambda: store.find("a.example"), lambda: store.keep("a.example", GEHEIM)):
        with pytest.raises(UsageError, match=r"credentials\.json"):
            call()
    assert path.read_text() == text


def test_a_folder_that_cannot_be_written_is_named(person, store):
    person.write(".config", "a file")
    with pytest.raises(StorageError, match=r"credentials\.json"):
        store.keep("a.example", GEHEIM)


def test_without_a_home_nothing_is_found_and_login_says_why(person):
    homeless = OwnStore({}, person.observe)
    assert homeless.find("a.example") is None
    assert homeless.forget("a.example") is None
    with pytest.raises(UsageError, match="home"):
        homeless.keep("a.example", GEHEIM)


def test_logins_at_the_same_time_lose_nothing(person, store):
    names = [f"h{number}.example" for number in range(12)]
    threads = [threading.Thread(target=store.keep, args=(name, GEHEIM)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for name in names if store.find(name) != GEHEIM] == []


def test_a_lock_that_is_never_let_go_is_named(person, store, monkeypatch):
    monkeypatch.setattr(own_file, "_LOCKED_FOR_MAX", 0.1)
    store.keep("a.example", GEHEIM)
    lock = FileLock.try_take(person.home / f"{OWN}.lock")
    assert lock is not None
    try:
        with pytest.raises(StorageError, match="another process"):
            store.keep("b.example", GEHEIM)
    finally:
        lock.release()
