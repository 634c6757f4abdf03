"""Short names, tokens, a CDN and a quota: what a pull from Docker Hub meets."""

import base64
from collections import Counter
from random import Random

import pytest

from dget.archive import check_archive
from tests.parts.hub import CDN, QUOTA, Hub
from tests.parts.images import DOCKER, MESSAGE, busybox_index, digest_of, layer, single

ANN = ("-username", "ann", "-password", "geheim")


@pytest.fixture(scope="module")
def image():
    return busybox_index(DOCKER)


@pytest.fixture(scope="module")
def filled_hub(tmp_path_factory, image):
    users, private = {"ann": "geheim", "bob": "secret"}, {"ann/app": ["ann"]}
    try:
        hub = Hub(tmp_path_factory.mktemp("hub"), users=users, private=private)
    except OSError as error:
        pytest.skip(f"Docker Hub's stand-in cannot listen on port 443 of a loopback address: {error}")
    with hub:
        hub.push("library/bb:1", image)
        hub.push("ann/app:1", image)
        # Docker Hub's own, whose HEAD tells the quota.
        hub.push("ratelimitpreview/test:latest", image)
        hub.push("library/big:1", single(DOCKER, "linux/amd64", [layer({"random": Random(1).randbytes(12 << 20)})]))
        yield hub


@pytest.fixture
def hub(filled_hub):
    """Nothing was asked of it yet; how its links are is changed for one test alone."""
    filled_hub.forget()
    gate = filled_hub.gate
    usual = (gate.stale, gate.life, gate.rate)
    yield filled_hub
    gate.stale, gate.life, gate.rate = usual


@pytest.fixture
def pull(dget, hub):
    """Runs dget, to which the stand-in is Docker Hub."""

    def run(*words):
        return dget(*words, "-arch", "amd64", *hub.options)

    return run


def test_a_short_name_is_pulled_with_its_full_name(pull, workplace):
    done = pull("bb:1")
    assert (done.returncode, done.stdout) == (0, "bb_1_linux-amd64.tar.gz\n"), done.stderr
    assert check_archive(workplace / "bb_1_linux-amd64.tar.gz") == ["docker.io/library/bb:1"]


def test_one_token_is_asked_for_once_and_everything_else_once(pull, hub):
    assert pull("bb:1").returncode == 0
    assert [(asked.service, asked.scopes, asked.status) for asked in hub.tokens.asked] == [
        ("registry.docker.io", ("repository:library/bb:pull",), 200)
    ]
    asked = hub.registry_asked
    assert [one.status for one in asked if one.status not in (200, 307)] == []
    manifests = [one.path for one in asked if "/manifests/" in one.path and one.method == "GET"]
    assert len(manifests) == 2
    assert manifests[0] == "/v2/library/bb/manifests/1"
    assert manifests[1].startswith("/v2/library/bb/manifests/sha256:")
    assert set(Counter(one.path for one in asked if "/blobs/" in one.path).values()) == {1}


def test_connections_and_tls_sessions_are_used_again(pull, hub):
    assert pull("library/big:1", "--connections", "2").returncode == 0
    asked = hub.cdn_asked
    assert len([one for one in asked if one.range]) == 3
    sessions = {one.connection: one.session for one in asked}
    assert len(sessions) < len(asked)
    assert list(sessions.values()).count(".") == 1
    # However many parts a blob is fetched in, where it is was asked once.
    blobs = [one.path for one in hub.registry_asked if "/blobs/" in one.path]
    assert len(blobs) == len(set(blobs)) == 2


def test_the_cdn_never_sees_the_registrys_token(pull, hub):
    assert pull("bb:1").returncode == 0
    assert all(one.authorization.startswith("Bearer ") for one in hub.registry_asked)
    assert hub.cdn_asked
    assert {(one.host, one.authorization) for one in hub.cdn_asked} == {(CDN, "")}
    assert {one.status for one in hub.cdn_asked} <= {200, 206}


def test_docker_shows_the_short_name_and_runs_it(pull, hub, docker, workplace):
    assert pull("bb:1").returncode == 0
    docker.load(workplace / "bb_1_linux-amd64.tar.gz")
    try:
        assert "bb:1" in docker.images()
        assert docker.run("bb:1") == MESSAGE
    finally:
        docker.remove("bb:1")


def test_podman_and_containerd_show_the_full_name_and_run_it(pull, podman, containerd, workplace):
    assert pull("bb:1", "-o", "bb.tar").returncode == 0
    for engine in (podman, containerd):
        engine.load(workplace / "bb.tar")
        try:
            assert engine.images() == {"docker.io/library/bb:1"}
            assert engine.run("docker.io/library/bb:1") == MESSAGE
        finally:
            engine.remove("docker.io/library/bb:1")


def test_a_second_pull_asks_for_no_blob_and_never_the_cdn(pull, hub, workplace):
    assert pull("bb:1").returncode == 0
    first = digest_of((workplace / "bb_1_linux-amd64.tar.gz").read_bytes())
    hub.forget()
    assert pull("bb:1").returncode == 0
    assert hub.cdn_asked == []
    # HEAD alone is not counted as a pull.
    assert [(one.method, one.path) for one in hub.registry_asked] == [("HEAD", "/v2/library/bb/manifests/1")]
    assert digest_of((workplace / "bb_1_linux-amd64.tar.gz").read_bytes()) == first


def test_a_private_image_is_pulled_with_a_name_and_a_password(pull, workplace):
    done = pull("ann/app:1", *ANN)
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / done.stdout.strip()) == ["docker.io/ann/app:1"]


def test_the_password_goes_to_the_token_service_alone(pull, hub):
    assert pull("ann/app:1", *ANN).returncode == 0
    basic = f"Basic {base64.b64encode(b'ann:geheim').decode()}"
    assert [one.authorization for one in hub.auth_asked] == [basic]
    assert not any(one.authorization.startswith("Basic") for one in hub.registry_asked)
    assert {one.authorization for one in hub.cdn_asked} == {""}


def test_login_without_a_host_is_for_docker_hub(dget, pull, hub):
    done = dget("login", *ANN, *hub.options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("docker.io: logged in as ann; kept in ")
    assert [(one.scopes, one.status) for one in hub.tokens.asked] == [((), 200)]
    assert pull("ann/app:1").returncode == 0
    assert dget("logout", "index.docker.io").stdout.startswith("docker.io: logged out")
    assert pull("ann/app:1").returncode == 4


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param((), id="nobody"),
        pytest.param(("-username", "ann", "-password", "falsch"), id="a wrong password"),
        pytest.param(("-username", "bob", "-password", "secret"), id="somebody else"),
    ],
)
def test_a_private_image_is_refused_to(pull, hub, workplace, credentials):
    done = pull("ann/app:1", *credentials)
    assert done.returncode == 4, done.stderr
    assert "falsch" not in done.stderr
    assert list(workplace.iterdir()) == []
    assert hub.cdn_asked == []
    # An account is locked after a few wrong passwords: it is tried once.
    assert len(hub.auth_asked) <= 2


def test_a_wrong_password_is_said_once_to_the_token_service_and_never_to_the_registry(pull, hub):
    assert pull("ann/app:1", "-username", "ann", "-password", "falsch").returncode == 4
    assert [one.status for one in hub.tokens.asked] == [401]
    assert [one for one in hub.registry_asked if one.authorization] == []


def test_print_shows_what_is_left_of_the_quota(pull, hub, workplace):
    done = pull("bb:1", "-print")
    assert done.returncode == 0, done.stderr
    assert f"{QUOTA - 1} of {QUOTA} pulls left in 6 h" in done.stdout
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("words", [(), ("docker.io",), ("bb:1",)], ids=["nothing", "the host", "an image"])
def test_the_quota_is_told_without_being_counted(dget, hub, words):
    done = dget("quota", *words, *hub.options)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"docker.io: {QUOTA - 1} of {QUOTA} pulls left in 6 h, counted for 127.")
    assert [one.method for one in hub.registry_asked] == ["HEAD"]
    assert len(hub.tokens.asked) == 1


def test_the_doctor_finds_nothing_wrong_with_docker_hub(dget, hub):
    done = dget("doctor", "ann/app:1", *ANN, *hub.options)
    assert done.returncode == 0, done.stdout
    assert f"{QUOTA - 1} of {QUOTA} pulls left in 6 h" in done.stdout
    assert "auth.docker.io answers" in done.stdout
    assert {one.method for one in hub.registry_asked if "/manifests/" in one.path} == {"HEAD"}


def test_the_doctor_says_that_docker_hub_refuses_a_password(dget, hub):
    done = dget("doctor", "docker.io", "-username", "ann", "-password", "falsch", *hub.options)
    assert done.returncode == 4, done.stdout
    assert "problem: credentials: auth.docker.io refused the name or the password" in done.stdout
    # An account is locked after a few wrong passwords: it is tried once.
    assert len(hub.auth_asked) == 1


@pytest.mark.parametrize("stale", [1, 2])
def test_a_link_that_has_expired_is_asked_for_anew(pull, hub, workplace, stale):
    hub.gate.stale = stale
    done = pull("bb:1")
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / "bb_1_linux-amd64.tar.gz") == ["docker.io/library/bb:1"]
    assert [one.status for one in hub.cdn_asked if one.status not in (200, 206)] == [403] * stale
    assert len(hub.tokens.asked) == 1


def test_a_link_that_expires_while_a_blob_is_fetched_is_asked_for_anew(pull, hub, workplace):
    hub.gate.life, hub.gate.rate = 1, 2 << 20
    done = pull("library/big:1", "--connections", "1")
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / "big_1_linux-amd64.tar.gz") == ["docker.io/library/big:1"]
    assert 403 in {one.status for one in hub.cdn_asked}


def test_a_cdn_that_refuses_every_link_ends_the_pull(pull, hub, workplace):
    hub.gate.stale = 1000
    done = pull("bb:1")
    assert done.returncode in (4, 5), done.stderr
    assert CDN in done.stderr
    assert list(workplace.iterdir()) == []
