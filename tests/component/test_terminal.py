"""Nothing that a registry, an image or a file says acts on the terminal, whatever is asked."""

import json
import os
import re
import unicodedata

import pytest

from dget.model.media_type import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST
from dget.protocol.http import Headers
from dget.serve import Answer
from tests.component.conftest import Registry, is_blob
from tests.parts.archives import tar_of
from tests.parts.terminal import COMMANDS, shown_on_a_terminal
from tests.parts.trees import LayerMaker

# Sets the title, clears the screen, goes back, turns text round, hides text; in eight bits, and as what is no letter.
EVIL = "\x1b]0;x\x07\x1b[2J\r\x08\x7f\x9b2J\u202e\u2066\u061c\u200b\u2028\U000e0041"
# What dget itself draws with.
_DRAWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def show(tmp_path):
    """Runs commands at a terminal; what they show, which holds nothing that acts. drawn: whether they may draw bars."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_PROXY": "*"}
    folder = tmp_path / "work"
    folder.mkdir()

    def run(*commands: list[str], drawn: bool = False) -> str:
        more = {} if drawn else {"TERM": "dumb"}
        status, seen = shown_on_a_terminal(COMMANDS, environment | more, folder, given=json.dumps(commands).encode())
        assert status == 0, seen
        seen = seen.replace("\r\n", "\n")
        if drawn:
            seen = _DRAWN.sub("", seen).replace("\r", "\n")
        acting = [seen[max(0, at - 200) : at + 10] for at, one in enumerate(seen) if acts(one)]
        assert not acting, acting[0]
        assert "has a defect" not in seen, seen
        return seen

    return run


def acts(one: str) -> bool:
    return one not in "\n\t" and unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.fixture
def evil(registry) -> Registry:
    """An image that says EVIL wherever it may say something."""
    layer = LayerMaker().add("motd", EVIL.encode() + b"\xff\r\n").add(f"x{EVIL}").symlink("l", EVIL).done()
    config = {
        "architecture": "amd64",
        "os": f"linux{EVIL}",
        "variant": EVIL,
        "created": EVIL,
        "author": EVIL,
        "rootfs": {"type": EVIL, "diff_ids": []},
        "history": [{"created_by": f"a{EVIL}b", "comment": EVIL}],
        "config": {
            "Cmd": [EVIL],
            "Entrypoint": EVIL,
            "User": EVIL,
            "WorkingDir": EVIL,
            "Env": [f"A={EVIL}"],
            "Labels": {EVIL: EVIL, "b": [EVIL]},
            "ExposedPorts": {EVIL: {}},
            "Volumes": {EVIL: {}},
            "StopSignal": EVIL,
        },
    }

    def descriptor(media_type: str, data: bytes) -> dict[str, object]:
        digest = str(registry.content.add_blob(data))
        title = {"org.opencontainers.image.title": EVIL, EVIL: EVIL}
        return {"mediaType": media_type, "digest": digest, "size": len(data), "annotations": title}

    raw = json.dumps(config).encode()
    manifest = {
        "schemaVersion": 2,
        "config": descriptor(OCI_CONFIG, raw),
        "layers": [descriptor(OCI_LAYER_GZIP, layer)],
    }
    # As it stands, not as escapes.
    registry.content.add_manifest("x", json.dumps(manifest | {"annotations": {"a": EVIL}}).encode(), OCI_MANIFEST, "1")
    odd = json.dumps(manifest, ensure_ascii=False).encode() + b"\x1b[2J"
    registry.content.add_manifest("x", odd, OCI_MANIFEST, "odd")
    artifact = {**manifest, "config": descriptor(EVIL, b"{}"), "artifactType": EVIL, "annotations": {EVIL: EVIL}}
    registry.content.add_manifest("x", json.dumps(artifact).encode(), OCI_MANIFEST, "artifact")
    listed = {**descriptor(OCI_MANIFEST, json.dumps(manifest).encode()), "platform": {"os": EVIL, "architecture": EVIL}}
    index = json.dumps({"schemaVersion": 2, "mediaType": EVIL, "manifests": [listed]}).encode()
    registry.content.add_manifest("x", index, OCI_INDEX, "index")
    return registry  # type: ignore[no-any-return]


OF_AN_IMAGE = [
    ["inspect", "{x}:1"],
    ["inspect", "{x}:1", "--raw"],
    ["inspect", "{x}:odd", "--raw"],
    ["inspect", "{x}:odd", "--raw", "--json"],
    ["inspect", "{x}:odd"],
    ["inspect", "{x}:index"],
    ["inspect", "{x}:artifact"],
    ["-print", "{x}:1"],
    ["-print", "{x}:artifact"],
    ["-print", "{x}:index", "-arch", "all"],
    ["ls", "{x}:1"],
    ["ls", "-l", "{x}:1"],
    ["cat", "{x}:1", "motd"],
    ["cat", "{x}:1", f"no{EVIL}"],
    ["cp", "{x}:1", f"x{EVIL}", "./"],
    ["{x}:1"],
    ["{x}:1", "--json"],
    ["{x}:1", "-o", f"x{EVIL}.tar"],
    ["{x}:artifact", "--format", "oci-archive"],
    [f"{{x}}:{EVIL}"],
    ["{x}:1", "-arch", EVIL],
    [f"--{EVIL}"],
    [EVIL, f"--format={EVIL}"],
]


def test_what_an_image_says_does_not_act_on_the_terminal(show, evil):
    commands = [[word.replace("{x}", evil.name("x")) for word in words] for words in OF_AN_IMAGE]
    seen = show(*commands, *([*words, "-debug"] for words in commands))
    assert "Traceback" in seen
    assert "\ufffd" in seen


def test_what_a_registry_says_does_not_act_on_the_terminal(show, registry):
    words = {"errors": [{"code": EVIL, "message": EVIL, "detail": EVIL}], "tags": [EVIL]}
    body = json.dumps(words, ensure_ascii=False).encode()
    # A field cannot hold the end of a line.
    field = EVIL.replace("\r", "").encode().decode("latin-1")
    fields = [
        ("Content-Type", f"text/{field}"),
        ("Content-Length", str(len(body))),
        ("Location", f"http://{field}/"),
        ("WWW-Authenticate", f'Bearer realm="http://{field}/",service="{field}"'),
        ("Docker-Content-Digest", field),
        ("RateLimit-Limit", "100;w=21600"),
        ("RateLimit-Remaining", f"100;w=21600{field}"),
        ("Docker-RateLimit-Source", field),
        ("Retry-After", "4000"),
    ]

    def answered(request, given):
        """The status that the repository is named after."""
        named = re.search(r"/s(\d+)/", request.url)
        return Answer(status=int(named[1]) if named else 500, headers=Headers.of(fields), body=(body,))

    registry.fault = answered
    verbs = (["pull"], ["inspect"], ["tags"], ["quota"], ["doctor"])
    names = [registry.name(f"s{status}") for status in (200, 302, 401, 403, 404, 429, 500)]
    seen = show(
        *([*verb, name, "-debug"] for verb in verbs for name in names),
        ["login", registry.server.address, "-username", "a", "-password", "b", "-debug"],
    )
    assert "Traceback" in seen
    assert "\ufffd" in seen


def test_what_is_told_beside_the_bars_does_not_act_on_the_terminal(show, registry):
    registry.image("x", "1", b"layer" * 100_000)
    failed: list[str] = []

    def fail_once(request, given):
        if not is_blob(request) or request.url in failed:
            return given
        failed.append(request.url)
        body = json.dumps({"errors": [{"code": "X", "message": f"words{EVIL}[red]:1234:"}]}).encode()
        return Answer(status=503, headers=Headers.of([("Content-Length", str(len(body)))]), body=(body,))

    registry.fault = fail_once
    seen = show([f"{registry.name('x')}:1", "--no-cache"], drawn=True)
    assert "words" in seen
    assert "[red]:1234:" in seen


def test_what_a_file_says_does_not_act_on_the_terminal(show, tmp_path):
    config = json.dumps({"architecture": EVIL, "os": EVIL}).encode()
    entries = [{"Config": f"c{EVIL}", "RepoTags": [f"a{EVIL}:1"], "Layers": [EVIL]}]
    archive = tmp_path / f"x{EVIL}.tar"
    archive.write_bytes(tar_of({f"c{EVIL}": config, "manifest.json": json.dumps(entries).encode()}))
    assert "Traceback" in show(["check", str(archive)], ["inspect", str(archive)], ["ls", str(archive), "-debug"])
