"""Nothing that dget prints, at any level, holds a secret: passwords, tokens, and what signs a URL."""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote

import pytest

from tests.parts.distribution import free_port
from tests.parts.hub import CDN, Hub
from tests.parts.images import DOCKER, busybox_index
from tests.parts.nginx import Nginx, server
from tests.parts.squid import Squid, basic, closed, ntlm_alone

PASSWORD, WRONG = "ge:heim/7%", "fal:sch/8%"
PROXY_PASSWORD, WRONG_PROXY_PASSWORD = "pro:xy/9%", "an:der/6%"


@dataclass
class Printed:
    """Everything that was printed so far, and every secret that was used or met."""

    text: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)

    def found(self) -> set[str]:
        return {secret for secret in self.secrets for text in self.text if secret in text}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    try:
        hub = Hub(tmp_path_factory.mktemp("hub"), users={"ann": PASSWORD}, private={"ann/app": ["ann"]})
    except OSError as error:
        pytest.skip(f"Docker Hub's stand-in cannot listen on port 443 of a loopback address: {error}")
    with hub:
        hub.push("ann/app:1", busybox_index(DOCKER))
        yield hub


@pytest.fixture
def printed():
    words = (PASSWORD, WRONG, PROXY_PASSWORD, WRONG_PROXY_PASSWORD)
    secrets = {form for word in words for form in (word, quote(word, safe=""))}
    pairs = [f"{name}:{word}" for name in ("ann", "me") for word in words]
    return Printed(secrets=secrets | {base64.b64encode(pair.encode()).decode() for pair in pairs})


@pytest.fixture
def run(dget, hub, printed, workplace):
    """Runs dget as loudly as it can, and keeps what it prints, and what those whom it asked were told."""

    def start(status: int, *words: str, image: str = "ann/app:1", **more) -> str:
        done = dget(image, "-debug", "-arch", "amd64", "--no-cache", *hub.options, *words, **more)
        printed.text += [done.stdout, done.stderr]
        assert done.returncode == status, done.stderr
        authorizations = {one.authorization for one in (*hub.registry_asked, *hub.auth_asked)}
        printed.secrets |= {value.partition(" ")[2] for value in authorizations if value}
        for one in hub.cdn_asked:
            printed.secrets |= {value for values in parse_qs(one.arguments).values() for value in values}
        for path in workplace.iterdir():
            path.unlink()
        return str(done.stderr)

    return start


def as_ann(password: str = PASSWORD) -> tuple[str, ...]:
    return ("-username", "ann", "-password", password)


def proxy_url(address: str, password: str = PROXY_PASSWORD) -> str:
    return f"http://me:{quote(password, safe='')}@{address}"


def test_a_full_debug_run_and_all_that_goes_wrong_print_no_secret(run, hub, printed, environment, tmp_path):
    with Squid(basic({"me": PROXY_PASSWORD})) as proxy:
        through = ("-proxy", proxy_url(proxy.address))
        said = run(0, *as_ann(), *through)
        assert f"debug: GET https://{CDN}/" in said
        assert re.search(r"https://\S+\?…", said)
        run(0, *through, "--json", "-username", "ann", "--password-stdin", input=f"{PASSWORD}\n")
        hub.gate.stale = 1
        assert "refused the link" in run(0, *as_ann(), *through)
        hub.gate.stale = 1000
        run(5, *as_ann(), *through)
        hub.gate.stale = 0
        run(4, *as_ann(WRONG), *through)
        run(4, *through)
        run(3, *as_ann(), *through, image="ann/missing:1")
        run(5, *as_ann(), "-proxy", proxy_url(proxy.address, WRONG_PROXY_PASSWORD))
        run(2, *as_ann(), *through, "--resolve", "nonsense")
        environment.update({"HTTPS_PROXY": proxy_url(proxy.address), "NO_PROXY": "", "DGET_PASSWORD": PASSWORD})
        run(0, "-username", "ann")
        del environment["DGET_PASSWORD"]
    # It is not there any more.
    run(5, *as_ann())
    for wrong in (f"http://me:{PROXY_PASSWORD}@", f"gopher://me:{PROXY_PASSWORD}@h", f"http://h:{PROXY_PASSWORD}"):
        environment["HTTPS_PROXY"] = wrong
        run(2, *as_ann())
        run(2, *as_ann(), "-proxy", wrong)
    del environment["HTTPS_PROXY"]
    for rule in (closed, ntlm_alone):
        with Squid(rule) as other:
            run(5, *as_ann(), "-proxy", proxy_url(other.address))
    assert len(printed.secrets) > 20
    assert printed.found() == set()


def test_what_a_registry_repeats_of_a_request_is_hidden(run, printed, tmp_path):
    port = free_port()
    echo = server(
        f"127.0.0.1:{port}",
        "location / {",
        'if ($http_authorization = "") { add_header WWW-Authenticate "Basic realm=x" always; return 401; }',
        'return 500 \'{"errors":[{"code":"X","message":"you sent $http_authorization"}]}\';',
        "}",
    )
    with Nginx(tmp_path / "nginx", echo):
        said = run(5, *as_ann(), image=f"127.0.0.1:{port}/x:1")
        assert "you sent Basic ***" in said
    assert printed.found() == set()
