"""Credentials as Docker, podman, pass and people really keep them; and who may not see them."""

import base64
import contextlib
import json
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution, TokenAuth
from tests.parts.images import OCI, busybox_image
from tests.parts.password_store import PasswordStore
from tests.parts.tls import CertificateAuthority
from tests.parts.token_service import TokenService

PASSWORD = "geheim-7f3a"
USERS = {"ann": PASSWORD, "bob": "other-91c2"}
IMAGES = ("team/app", "team/other", "free/app")


@pytest.fixture(scope="module")
def image():
    return busybox_image(OCI, "amd64")


@pytest.fixture(scope="module")
def locked(tmp_path_factory, image):
    """distribution with a password file: ann and bob get in, nobody else."""
    with Distribution(tmp_path_factory.mktemp("locked"), users=USERS) as registry:
        for repository in IMAGES:
            registry.push(repository, "1", image, f"Basic {base64_of('ann', PASSWORD)}")
        yield registry


@pytest.fixture(scope="module")
def company(tmp_path_factory, image):
    """distribution with a token service, which gives identity tokens; team/ is ann's, the rest is public."""
    folder = tmp_path_factory.mktemp("company")
    authority = CertificateAuthority(folder / "ca")
    private = {"team/app": ["ann"], "team/other": ["bob"]}
    with TokenService(
        authority.signer("tokens"), issuer="tokens.test", users=USERS, private=private, identity_tokens=True
    ) as tokens:
        trust = TokenAuth(
            realm=f"http://{tokens.address}/token",
            service="registry.test",
            issuer=tokens.issuer,
            certificates=authority.file,
        )
        with Distribution(folder / "registry", token=trust) as registry:
            for repository in IMAGES:
                owner = tokens.token("registry.test", [f"repository:{repository}:pull,push"], subject="owner")
                registry.push(repository, "1", image, f"Bearer {owner}")
            yield registry, tokens


@pytest.fixture(scope="module")
def passwords():
    with PasswordStore() as store:
        yield store


@pytest.fixture
def home(environment) -> Path:
    # podman's own place on this machine is nobody's business here.
    environment["XDG_RUNTIME_DIR"] = f"{environment['HOME']}/run"
    return Path(environment["HOME"])


@pytest.fixture
def pulls(dget, workplace, home):
    """Pulls, which must go well; what was said with -debug, in which no secret may be."""

    def run(registry: Distribution, image: str, *words: str, **more) -> str:
        done = dget(registry.name(image), "-arch", "amd64", "-debug", "--no-cache", *words, **more)
        assert done.returncode == 0, done.stderr
        assert check_archive(workplace / done.stdout.strip()) == [registry.name(image)]
        assert secrets_in(done) == []
        said: str = done.stderr
        return said

    return run


def base64_of(name: str, password: str) -> str:
    return base64.b64encode(f"{name}:{password}".encode()).decode()


def secrets_in(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Passwords, and forms of them, that are in what was said."""
    forms: list[str] = [form for name, word in USERS.items() for form in (word, base64_of(name, word))]
    forms += ["eyJ", "identity-", base64_of("ann", "falsch"), "falsch"]
    return [form for form in forms if form in done.stdout + done.stderr]


def docker_logs_in(docker, registry: Distribution, folder: Path) -> None:
    """As somebody who keeps credentials in config.json: into an empty one Docker would write the name of a helper."""
    write(folder / "config.json", {"auths": {"elsewhere.example": {}}})
    docker.login(registry.address, "ann", PASSWORD, folder)


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_command_line_is_a_source(pulls, locked):
    said = pulls(locked, "team/app:1", "-username", "ann", "-password", PASSWORD)
    assert f"credentials for {locked.address}: from -password on the command line" in said


def test_standard_input_is_a_source(pulls, locked):
    said = pulls(locked, "team/app:1", "-username", "ann", "--password-stdin", input=f"{PASSWORD}\nmore\n")
    assert "from --password-stdin" in said


def test_the_environment_is_a_source(pulls, locked, environment):
    environment |= {"DGET_USERNAME": "ann", "DGET_PASSWORD": PASSWORD}
    assert "from DGET_PASSWORD in the environment" in pulls(locked, "team/app:1")


def test_the_command_line_goes_before_standard_input_and_that_before_the_environment(pulls, locked, environment):
    environment |= {"DGET_USERNAME": "ann", "DGET_PASSWORD": "falsch"}
    assert "from --password-stdin" in pulls(locked, "team/app:1", "--password-stdin", input=PASSWORD)
    said = pulls(locked, "team/app:1", "--password-stdin", "-password", PASSWORD, input="falsch\n")
    assert "from -password on the command line" in said


@pytest.mark.parametrize("words", [("-password", PASSWORD), ("-username", "ann", "--password-stdin")])
def test_half_of_it_is_an_error(dget, locked, words):
    done = dget(locked.name("team/app:1"), *words, input="")
    assert done.returncode == 2, done.stderr
    assert "password" in done.stderr


def test_docker_login_writes_what_is_read(pulls, locked, docker, home):
    docker_logs_in(docker, locked, home / ".docker")
    said = pulls(locked, "team/app:1")
    assert f"from {home}/.docker/config.json, {locked.address}" in said


def test_docker_config_says_where_it_is(pulls, locked, docker, home, environment, tmp_path):
    docker_logs_in(docker, locked, tmp_path / "elsewhere")
    environment["DOCKER_CONFIG"] = str(tmp_path / "elsewhere")
    assert f"from {tmp_path}/elsewhere/config.json" in pulls(locked, "team/app:1")


def test_docker_login_with_an_identity_token_is_read_and_posted(pulls, company, docker, home):
    registry, tokens = company
    docker_logs_in(docker, registry, home / ".docker")
    entry = json.loads((home / ".docker" / "config.json").read_text())["auths"][registry.address]
    assert entry["identitytoken"] in tokens.identities
    tokens.forget()
    pulls(registry, "team/app:1")
    assert [(one.method, one.form.get("grant_type"), one.status) for one in tokens.asked] == [
        ("POST", "refresh_token", 200)
    ]


def test_docker_login_through_pass_is_read_through_pass(
    pulls, locked, docker, home, environment, passwords, monkeypatch
):
    environment |= passwords.environment
    for name, value in passwords.environment.items():
        monkeypatch.setenv(name, value)
    write(home / ".docker" / "config.json", {"credsStore": "pass"})
    docker.login(locked.address, "ann", PASSWORD, home / ".docker")
    assert PASSWORD not in (home / ".docker" / "config.json").read_text()
    said = pulls(locked, "team/app:1")
    assert f"from docker-credential-pass, named in {home}/.docker/config.json" in said


def test_a_registrys_own_helper_is_read(pulls, locked, home, environment, passwords):
    environment |= passwords.environment
    answer = json.dumps({"ServerURL": locked.address, "Username": "ann", "Secret": PASSWORD})
    subprocess.run(
        ["docker-credential-pass", "store"], input=answer, text=True, check=True, env=environment, capture_output=True
    )
    write(home / ".docker" / "config.json", {"credHelpers": {locked.address: "pass"}})
    assert f"named in {home}/.docker/config.json for {locked.address}" in pulls(locked, "team/app:1")


def test_an_identity_token_in_a_helper_is_posted(pulls, company, home, environment, passwords):
    registry, tokens = company
    environment |= passwords.environment
    answer = json.dumps({"ServerURL": registry.address, "Username": "<token>", "Secret": tokens.identity_token("ann")})
    subprocess.run(
        ["docker-credential-pass", "store"], input=answer, text=True, check=True, env=environment, capture_output=True
    )
    write(home / ".docker" / "config.json", {"credHelpers": {registry.address: "pass"}})
    tokens.forget()
    pulls(registry, "team/app:1")
    assert [(one.method, one.form.get("grant_type"), one.status) for one in tokens.asked] == [
        ("POST", "refresh_token", 200)
    ]


def test_a_helper_that_is_missing_is_named(dget, locked, home):
    write(home / ".docker" / "config.json", {"credHelpers": {locked.address: "gone"}})
    done = dget(locked.name("team/app:1"))
    assert done.returncode == 4
    assert "docker-credential-gone is not installed" in done.stderr


def test_podman_login_writes_what_is_read(pulls, locked, podman, home, environment):
    file = home / "auth.json"
    podman.login(locked.address, "ann", PASSWORD, file)
    environment["REGISTRY_AUTH_FILE"] = str(file)
    assert f"from {file}, {locked.address}" in pulls(locked, "team/app:1")


def test_podman_login_into_its_usual_places_is_read(pulls, locked, podman, home):
    file = home / "run" / "containers" / "auth.json"
    podman.login(locked.address, "ann", PASSWORD, file)
    assert f"from {file}" in pulls(locked, "team/app:1")
    file.rename(write(home / ".config" / "containers" / "auth.json", ""))
    assert f"from {home}/.config/containers/auth.json" in pulls(locked, "team/app:1")


def test_podman_login_for_a_repository_is_for_that_one_alone(pulls, dget, company, podman, environment, home):
    registry, tokens = company
    file = home / "auth.json"
    podman.login(f"{registry.address}/team/app", "ann", PASSWORD, file)
    podman.login(f"{registry.address}/team", "bob", USERS["bob"], file)
    environment["REGISTRY_AUTH_FILE"] = str(file)
    tokens.forget()
    assert f"from {file}, {registry.address}/team/app" in pulls(registry, "team/app:1")
    assert f"from {file}, {registry.address}/team\n" in pulls(registry, "team/other:1")
    pulls(registry, "free/app:1")
    said = [(one.scopes, one.authorization) for one in tokens.asked]
    assert said == [
        (("repository:team/app:pull",), f"Basic {base64_of('ann', PASSWORD)}"),
        (("repository:team/other:pull",), f"Basic {base64_of('bob', USERS['bob'])}"),
        (("repository:free/app:pull",), ""),
    ]


def test_netrc_is_a_source(pulls, locked, home):
    file = write(home / ".netrc", f"machine {locked.address} login ann password {PASSWORD}\n")
    assert f"from {file}, machine {locked.address}" in pulls(locked, "team/app:1")


def test_each_source_that_has_nothing_is_named(pulls, locked, home):
    write(home / ".netrc", f"machine 127.0.0.1 login ann password {PASSWORD}\n")
    said = pulls(locked, "team/app:1")
    places = [line.partition(": none in ")[2] for line in said.splitlines() if ": none in " in line]
    assert [place.partition(" ")[0] for place in places] == ["dget's", "Docker's", "podman's"]


@pytest.mark.parametrize("text", ["garbage", '{"auths": []}', '{"auths": {"HOST": {"auth": "geheim!"}}}'])
def test_a_file_that_makes_no_sense_is_named(dget, locked, home, text):
    path = write(home / ".docker" / "config.json", text.replace("HOST", locked.address))
    done = dget(locked.name("team/app:1"))
    assert done.returncode == 2, done.stderr
    assert f"error: {path}" in done.stderr
    assert "geheim" not in done.stderr


def test_login_keeps_what_the_registry_takes_in_a_file_of_its_owner(dget, pulls, locked, home):
    done = dget("login", locked.address, "-username", "ann", "--password-stdin", "-debug", input=PASSWORD)
    assert done.returncode == 0, done.stderr
    file = home / ".config" / "dget" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first, second = done.stdout.splitlines()
    assert first == f"{locked.address}: logged in as ann; kept in {file}"
    assert "can read the password" in second
    assert secrets_in(done) == []
    assert f"from {file}, {locked.address}" in pulls(locked, "team/app:1")
    assert dget("logout", locked.address).stdout == f"{locked.address}: logged out; removed from {file}\n"
    assert PASSWORD not in file.read_text()
    assert base64_of("ann", PASSWORD) not in file.read_text()
    assert dget(locked.name("team/app:1")).returncode == 4


def test_login_keeps_it_in_pass_where_that_is_set_up(dget, pulls, locked, home, environment, passwords):
    environment |= passwords.environment
    done = dget("login", locked.address, "-username", "ann", "--password-stdin", "--json", input=PASSWORD)
    assert json.loads(done.stdout) == {
        "schema": 1,
        "registry": locked.address,
        "username": "ann",
        "kept_in": "docker-credential-pass",
        "in_clear": False,
        "checked": True,
    }
    entry = base64.urlsafe_b64encode(f"https://dget/{locked.address}".encode()).decode()
    assert f"docker-credential-helpers/{entry}/ann.gpg" in passwords.names
    kept = [path for path in home.rglob("*") if path.is_file() and PASSWORD in path.read_text(errors="replace")]
    assert kept == []
    assert "from docker-credential-pass, named in" in pulls(locked, "team/app:1")
    done = dget("logout", locked.address, "--json")
    assert json.loads(done.stdout) == {
        "schema": 1,
        "registry": locked.address,
        "removed_from": "docker-credential-pass",
        "still_in": None,
    }
    assert not any(entry in name for name in passwords.names)


def test_login_asks_a_token_service(dget, pulls, company):
    registry, tokens = company
    tokens.forget()
    done = dget("login", registry.address, "-username", "ann", "--password-stdin", input=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert [(one.method, one.scopes, one.status) for one in tokens.asked] == [("GET", (), 200)]
    pulls(registry, "team/app:1")


@pytest.mark.parametrize("kind", ["basic", "token"])
def test_a_wrong_password_is_refused_and_not_kept(dget, locked, company, home, kind):
    host = locked.address if kind == "basic" else company[0].address
    done = dget("login", host, "-username", "ann", "--password-stdin", "-debug", "--json", input="falsch")
    assert done.returncode == 4, done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "unauthorized"
    assert secrets_in(done) == []
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_wrong_password_from_the_environment_is_said_by_its_name(dget, locked, environment):
    environment |= {"DGET_USERNAME": "ann", "DGET_PASSWORD": "falsch"}
    done = dget(locked.name("team/app:1"), "-debug")
    assert done.returncode == 4
    assert "they come from DGET_PASSWORD in the environment" in done.stderr
    assert secrets_in(done) == []


def test_ctrl_c_ends_at_once_while_a_helper_hangs(locked, environment, workplace, home):
    helper = write(home / "bin" / "docker-credential-slow", '#!/bin/sh\necho > "$0.runs"\nexec sleep 20\n')
    helper.chmod(0o755)
    environment["PATH"] = f"{helper.parent}:{environment['PATH']}"
    write(home / ".docker" / "config.json", {"credHelpers": {locked.address: "slow"}})
    command = [sys.executable, "-m", "dget", locked.name("team/app:1")]
    with subprocess.Popen(
        command, cwd=workplace, env=environment, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        until = time.monotonic() + 60
        while not helper.with_name("docker-credential-slow.runs").exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        # As a terminal does: to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        begun = time.monotonic()
        assert process.wait(20) == 130
        assert time.monotonic() - begun < 3


def test_login_without_a_terminal_says_what_to_give(dget, locked):
    done = dget("login", locked.address, input="")
    assert done.returncode == 2
    assert "--password-stdin" in done.stderr


def test_login_asks_at_the_terminal_and_shows_no_password(locked, environment, workplace, home):
    shown, status = at_a_terminal(
        ["login", locked.address],
        {"user name": "ann\n", "password or access token": f"{PASSWORD}\n"},
        environment,
        workplace,
    )
    assert status == 0, shown
    assert "logged in as ann" in shown
    assert PASSWORD not in shown
    assert base64_of("ann", PASSWORD) in (home / ".config" / "dget" / "credentials.json").read_text()


def at_a_terminal(words, answers, environment, folder) -> tuple[str, int]:
    """What a terminal shows of a run in which each question gets its answer; and the exit status."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dget", *words]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown, waiting, until = "", dict(answers), time.monotonic() + 60
    try:
        while time.monotonic() < until:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                data = os.read(ours, 4096)
            except OSError:  # what Linux says when the other side has closed
                data = b""
            if not data:
                break
            shown += data.decode()
            for question in [question for question in waiting if question in shown and shown.endswith(": ")]:
                os.write(ours, waiting.pop(question).encode())
        return shown, process.wait(10)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        os.close(ours)
