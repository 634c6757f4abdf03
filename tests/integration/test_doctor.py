"""`dget doctor` names the cause, in its last lines, for each thing that keeps people from pulling."""

import base64
import contextlib
import http.client
import json
from pathlib import Path

import pytest

from tests.parts.distribution import Distribution, free_port
from tests.parts.loop_mount import LoopMount
from tests.parts.nginx import Nginx, server
from tests.parts.process import Daemon, need
from tests.parts.tls import CertificateAuthority

_SMALL_DISK = 16 << 20
_NOBODYS_PORT = 443


@pytest.fixture
def examined(dget):
    """Runs the doctor, which must end with that status; its last lines, from the first problem or warning on."""

    def run(status: int, *words: str | Path) -> str:
        done = dget("doctor", *words)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return str(done.stdout).partition("\n\n")[2]

    return run


def checks(dget, *words: str | Path) -> dict[str, str]:
    """The grade of each check."""
    told = json.loads(dget("doctor", "--json", *words).stdout)
    return {one["check"]: one["grade"] for one in told["findings"]}


def test_a_registry_that_works(examined, dget, registry):
    assert examined(0, registry.name("oci-single:1")).endswith("nothing keeps pulls from working\n")
    grades = checks(dget, registry.name("oci-single:1"))
    assert set(grades.values()) == {"ok"}
    assert {"DNS", "TCP", "TLS", "registry", "credentials", "image", "quota", "cache", "disk", "clock"} <= set(grades)


def test_a_dead_dns_name(examined, dget):
    assert "problem: DNS: the host name nowhere.invalid cannot be found" in examined(5, "nowhere.invalid")
    # What does not depend on it is examined all the same.
    assert checks(dget, "nowhere.invalid") == {"proxy": "ok", "DNS": "problem", "cache": "ok", "disk": "ok"}


def test_a_closed_port(examined):
    host = f"127.0.0.1:{free_port()}"
    assert f"problem: TCP: cannot connect to {host}" in examined(5, host)


def test_a_self_signed_certificate(examined, tmp_path):
    host = f"127.0.0.1:{free_port()}"
    authority = CertificateAuthority(tmp_path / "ca", name="Home-made CA")
    own = Nginx(tmp_path / "nginx", server(host, "location / { return 200; }", tls=authority.server("127.0.0.1")))
    with own as nginx:
        said = examined(5, host)
        assert f"problem: TLS: the TLS certificate of {host} is not trusted" in said
        assert "issued by CN = Home-made CA" in said
        assert "--ca-file" in said.splitlines()[-1]
        assert nginx.asked == []
        assert "nothing keeps" in examined(0, host, "--ca-file", authority.file)


@pytest.mark.parametrize(("line", "said"), [("ca_file = 'ca/ca.pem'", None), ("insecure = true", "TLS: not checked")])
def test_what_the_configuration_says_of_one_registry_holds_for_it(examined, environment, tmp_path, line, said):
    host, other = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    pair = CertificateAuthority(tmp_path / "ca").server("127.0.0.1")
    config = tmp_path / "config.toml"
    config.write_text(f'[hosts."{host}"]\n{line}\n')
    environment["DGET_CONFIG"] = str(config)
    answer = "location / { return 200; }"
    with Nginx(tmp_path / "nginx", server(host, answer, tls=pair), server(other, answer, tls=pair)):
        found = examined(0, host)
        assert said is None or said in found
        assert "problem: TLS" in examined(5, other)


def test_a_wrong_password(examined, tmp_path):
    with Distribution(tmp_path / "registry", users={"me": "geheim"}) as registry:
        said = examined(4, registry.address, "-username", "me", "-password", "falsch")
        assert f"problem: credentials: {registry.address} refused the name or the password" in said
        assert "falsch" not in said
        assert "wants a name and a password" in examined(4, registry.address)
        assert "nothing keeps" in examined(0, registry.address, "-username", "me", "-password", "geheim")


def test_a_wrong_password_that_another_tool_keeps(examined, environment, tmp_path):
    environment["DOCKER_CONFIG"] = str(tmp_path)
    kept = tmp_path / "config.json"
    with Distribution(tmp_path / "registry", users={"me": "geheim"}) as registry:
        pair = base64.b64encode(b"me:falsch").decode()
        kept.write_text(json.dumps({"auths": {registry.address: {"auth": pair}}}))
        said = examined(4, registry.address)
        assert f"{registry.address} refused the name or the password of " in said
        assert str(kept) in said
        kept.write_text(json.dumps({"credHelpers": {registry.address: "missing"}}))
        said = examined(4, registry.address)
        assert "problem: credentials: " in said
        assert "docker-credential-missing" in said


@pytest.fixture
def refusing_proxy(tmp_path):
    """tinyproxy, which allows connections to port 443 alone; host and port."""
    port = free_port()
    config = tmp_path / "tinyproxy.conf"
    config.write_text(f"Port {port}\nListen 127.0.0.1\nTimeout 20\nMaxClients 5\nConnectPort {_NOBODYS_PORT}\n")

    def is_ready() -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
            connection.request("GET", "/")
            return connection.getresponse().status > 0

    daemon = Daemon([need("tinyproxy", "tinyproxy"), "-d", "-c", config], tmp_path / "tinyproxy.log", is_ready)
    yield f"127.0.0.1:{port}"
    daemon.stop()


def test_a_proxy_that_refuses(examined, environment, refusing_proxy):
    environment["NO_PROXY"] = ""
    host = "registry.invalid:5000"
    said = examined(5, host, "-proxy", f"http://me:geheim@{refusing_proxy}")
    assert "problem: proxy: " in said
    assert refusing_proxy in said
    assert "403" in said
    assert "geheim" not in said
    environment["HTTPS_PROXY"] = f"http://{refusing_proxy}"
    assert "problem: proxy: " in examined(5, host)


def test_a_full_cache_disk(examined, registry, tmp_path):
    with LoopMount(tmp_path / "disk", "ext4", _SMALL_DISK) as disk:
        cache = disk.folder / "cache"
        cache.mkdir()
        disk.fill()
        said = examined(8, registry.address, "--cache-dir", cache)
        assert said.startswith("problem: cache: the disk is full: ")
        assert str(cache) in said
        assert list(cache.iterdir()) == []
        assert "nothing keeps" in examined(0, registry.address, "--no-cache")


def test_a_dead_mirror_is_named_and_a_good_one_measured(examined, dget, environment, registry, tmp_path):
    dead = f"127.0.0.1:{free_port()}"
    config = tmp_path / "config.toml"
    config.write_text(f'[hosts."{registry.address}"]\nmirrors = ["http://{registry.address}", "https://{dead}"]\n')
    environment["DGET_CONFIG"] = str(config)
    said = examined(0, registry.name("oci-single:1"))
    assert f"warning: mirror {dead}: cannot connect" in said
    told = json.loads(dget("doctor", "--json", registry.name("oci-single:1")).stdout)
    good = next(one for one in told["findings"] if one["check"] == f"mirror {registry.address}")
    assert "MB/s" in good["text"]


def test_a_token_service_that_is_not_there(examined, tmp_path):
    host = f"127.0.0.1:{free_port()}"
    realm = f"http://127.0.0.1:{free_port()}/token"
    challenge = f'add_header WWW-Authenticate \'Bearer realm="{realm}",service="x"\' always;'
    with Nginx(tmp_path / "nginx", server(host, f"location / {{ {challenge} return 401; }}")):
        assert "problem: token service: cannot connect" in examined(5, host)
