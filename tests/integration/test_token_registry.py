"""A company's registry with a token service that dget hears of by its challenge alone."""

import base64

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution, TokenAuth, free_port
from tests.parts.images import OCI, busybox_image
from tests.parts.nginx import Nginx, server
from tests.parts.tls import CertificateAuthority
from tests.parts.token_service import TokenService

HOST = "registry.test"
ISSUER = "tokens.test"
ANN = ("-username", "ann", "-password", "geheim")
BASIC = f"Basic {base64.b64encode(b'ann:geheim').decode()}"


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """What stands before both, by TLS: its log tells who was asked what with which credentials."""
    folder = tmp_path_factory.mktemp("company")
    port = free_port()
    authority = CertificateAuthority(folder / "ca")
    trust = TokenAuth(realm=f"https://{HOST}:{port}/token", service=HOST, issuer=ISSUER, certificates=authority.file)
    users, private = {"ann": "geheim"}, {"team/app": ["ann"]}
    with (
        TokenService(authority.signer("tokens"), issuer=ISSUER, users=users, private=private) as tokens,
        Distribution(folder / "registry", token=trust) as registry,
    ):
        for repository in ("team/app", "open/app"):
            token = tokens.token(HOST, [f"repository:{repository}:pull,push"], subject="owner")
            registry.push(repository, "1", busybox_image(OCI, "amd64"), f"Bearer {token}")
        both = server(
            f"127.0.0.1:{port}",
            "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;",
            f"location = /token {{ proxy_pass http://{tokens.address}; }}",
            f"location / {{ proxy_pass http://{registry.address}; }}",
            names=[HOST],
            tls=authority.server(HOST),
        )
        with Nginx(folder / "nginx", both) as nginx:
            yield nginx, f"{HOST}:{port}", ["--resolve", f"{HOST}:{port}:127.0.0.1", "--ca-file", authority.file]


@pytest.fixture
def company(front):
    """nginx, of which nothing was asked yet."""
    front[0].forget()
    return front[0]


@pytest.fixture
def pull(dget, front):
    """Runs dget for an image of this registry."""
    _, host, options = front

    def run(image, *words):
        return dget(f"{host}/{image}", "-arch", "amd64", *options, *words)

    return run


@pytest.mark.parametrize(("image", "words"), [("open/app:1", ()), ("team/app:1", ANN)], ids=["public", "private"])
def test_it_is_pulled_with_a_token(pull, front, company, workplace, image, words):
    done = pull(image, *words)
    assert done.returncode == 0, done.stderr
    assert check_archive(workplace / done.stdout.strip()) == [f"{front[1]}/{image}"]
    assert len([one for one in company.asked if one.path == "/token"]) == 1


def test_the_first_request_says_nothing_and_the_password_goes_to_the_token_service_alone(pull, company):
    assert pull("team/app:1", *ANN).returncode == 0
    first, second, *others = company.asked
    assert (first.status, first.authorization) == (401, "")
    assert (second.path, second.authorization) == ("/token", BASIC)
    assert others
    assert {one.authorization.partition(" ")[0] for one in others} == {"Bearer"}


def test_a_wrong_password_is_said_once_and_to_the_token_service_alone(pull, company, workplace):
    done = pull("team/app:1", "-username", "ann", "-password", "falsch")
    assert done.returncode == 4, done.stderr
    assert "falsch" not in done.stderr
    assert [one.path for one in company.asked if one.authorization] == ["/token"]
    assert list(workplace.iterdir()) == []
