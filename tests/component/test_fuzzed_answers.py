"""A registry whose answers are wrong in ways that nobody thought of: the same ones in every run."""

import json
import os
import random
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.archive import check_archive
from dget.cli import render
from dget.cli.render_files import Listing
from dget.errors import DgetError
from dget.model import Digest
from dget.model.media_type import OCI_INDEX, OCI_MANIFEST
from dget.protocol.http import Headers, Request
from dget.serve import Answer
from tests.component.conftest import Registry, noise
from tests.parts.trees import LayerMaker

# More for a long run: DGET_FUZZ_ANSWERS=2000.
ROUNDS = int(os.environ.get("DGET_FUZZ_ANSWERS", "60"))
_SECONDS_MAX = 60
_FIELDS = [
    "Content-Length", "Content-Range", "Content-Type", "Content-Encoding", "Location", "WWW-Authenticate", "Link",
    "Retry-After", "Docker-Content-Digest", "RateLimit-Remaining", "RateLimit-Limit", "Transfer-Encoding", "Connection",
]  # fmt: skip
_VALUES = [
    "", "0", "-1", "5", "99999999999999999999", "bytes 0-4/5", "bytes 5-1/0", "bytes */*", "gzip", "br", "chunked",
    "identity, chunked", "close", "upgrade", "text/html", "application/json; charset=utf-16", "/", "//", "?", "#",
    "http://[", "https://[::1]:99999/", "http://a@b@c/", "file:///etc/passwd", "/v2/x/manifests/1", "http://127.0.0.1:1/",
    'Bearer realm="/token"', "Basic", 'Bearer realm="http://127.0.0.1:1/t",scope=""', "Negotiate abc", '</v2/x/tags/list>; rel="next"',
    "sha256:" + "0" * 64, "sha512:0", "1e400", "nan", "Thu, 01 Jan 1970 00:00:00 GMT", "100;w=0", "0;w=21600", "\xff\xfe", "x" * 9000,
]  # fmt: skip
_FORMS = [
    ("docker-legacy", "x.tar"),
    ("oci-dir", "x"),
    ("rootfs", "x.tar"),
    ("rootfs", "x/"),
    ("oci-archive", "x.tar.zst"),
]
_STATUSES = [
    200,
    200,
    201,
    204,
    206,
    206,
    301,
    302,
    304,
    307,
    308,
    400,
    401,
    403,
    404,
    405,
    416,
    418,
    429,
    500,
    502,
    503,
    599,
    999,
]
_WORDS = [
    b"null",
    b"-1",
    b"1e999",
    b"[]",
    b"{}",
    b'""',
    b"9" * 5000,
    b"true",
    b"\xff",
    b'"\\ud800"',
    b"[" * 2000,
    b"9223372036854775807",
]

# What stands behind a name in JSON: a string, a number, or a list or object whole where it has none in it.
_VALUE = re.compile(rb'(?<=:)\s*("[^"]*"|\d+|\[[^][]*\]|\{[^{}]*\})')


@pytest.fixture
def served(registry) -> Registry:
    """An index of an image with a layer of files, and one of noise that takes several requests."""
    files = LayerMaker().folder("a").add("a/x", b"hello").done()
    registry.index("x", "1", amd64=[files, noise(1, 50_000)], arm64=[files])
    registry.image("x", "2", files)
    return registry  # type: ignore[no-any-return]


@pytest.fixture
def broken_threads(monkeypatch) -> list[str]:
    """What ended threads, which nobody else would hear of."""
    found: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: found.append(repr(given.exc_value)))
    monkeypatch.setattr(sys, "unraisablehook", lambda given: found.append(repr(given.exc_value)))
    return found


class Liar:
    """Changes some answers of a registry. chance: decides it all."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._guard = threading.Lock()
        self._every = chance.choice((1, 2, 3, 5))
        self._only = chance.choice(("", "manifests", "blobs", "tags", "/v2/"))

    def __call__(self, request: Request, given: Answer) -> Answer:
        with self._guard:
            if self._only not in request.url or self._chance.randrange(self._every):
                return given
            for _ in range(self._chance.randint(1, 3)):
                given = self._changed(given)
            return given

    def _changed(self, given: Answer) -> Answer:
        chance = self._chance
        match chance.randrange(6):
            case 0:
                return replace(given, status=chance.choice(_STATUSES))
            case 1 | 2:
                return replace(given, headers=given.headers.with_field(chance.choice(_FIELDS), chance.choice(_VALUES)))
            case 3:
                return replace(
                    given, headers=Headers.of(chance.sample(given.headers.fields, len(given.headers.fields) // 2))
                )
        body = self._body(b"".join(given.body))
        if chance.randrange(4):
            given = replace(given, headers=given.headers.with_field("Content-Length", str(len(body))))
        return replace(given, body=(body,))

    def _body(self, body: bytes) -> bytes:
        """Another one; what is JSON mostly stays JSON."""
        chance = self._chance
        if chance.randrange(3) and _VALUE.search(body):
            return with_other_words(body, chance)
        at = chance.randrange(len(body) + 1)
        return chance.choice(
            (body[:at], body[at:], body + b"x" * 100, body[:at] + chance.randbytes(3) + body[at + 3 :], b"")
        )


def test_whatever_is_answered_ends_in_time_with_an_error_of_ours_or_the_right_bytes(served, tmp_path, broken_threads):
    for number in range(ROUNDS):
        chance = random.Random(number)
        served.fault = Liar(chance)
        begun = time.monotonic()
        try:
            ask(served, chance, tmp_path / str(number), chance.choice("12"))
        except DgetError as error:
            json.loads(render.error_json(error))
        except Exception as error:
            raise AssertionError(f"round {number} breaks") from error
        assert time.monotonic() - begun < _SECONDS_MAX, number
        assert not broken_threads, (number, broken_threads)


def test_whatever_an_image_says_of_itself_ends_in_time_with_an_error_of_ours_or_a_whole_archive(
    served, tmp_path, broken_threads
):
    """Its documents are wrong, and their digests right."""
    for number in range(ROUNDS):
        chance = random.Random(number)
        served.content.add_manifest("x", forged(served, chance), chance.choice((OCI_MANIFEST, OCI_INDEX)), "3")
        begun = time.monotonic()
        try:
            ask(served, chance, tmp_path / str(number), "3")
        except DgetError as error:
            json.loads(render.error_json(error))
        except Exception as error:
            raise AssertionError(f"round {number} breaks") from error
        assert time.monotonic() - begun < _SECONDS_MAX, number
        assert not broken_threads, (number, broken_threads)


def forged(served: Registry, chance: random.Random) -> bytes:
    """A manifest, or an index of it, with changed words in it and in its config."""
    manifest = json.loads(served.manifest([LayerMaker().add("a", b"hello").done()], "amd64"))
    stored = served.content.blob("x", Digest.parse(manifest["config"]["digest"]))
    assert stored is not None
    config = b"".join(stored.pieces(0, 1 << 20))
    if chance.randrange(3):
        config = with_other_words(config, chance)
    manifest["config"] |= {"digest": str(served.content.add_blob(config)), "size": len(config)}
    raw = json.dumps(manifest | {"annotations": {"a": "b"}}).encode()
    if chance.randrange(2):
        raw = with_other_words(raw, chance)
    if chance.randrange(3):
        return raw
    digest = served.content.add_manifest("x", raw, OCI_MANIFEST)
    platform = {"os": "linux", "architecture": "amd64", "os.features": ["a"]}
    entry = {"mediaType": OCI_MANIFEST, "digest": str(digest), "size": len(raw), "platform": platform}
    return with_other_words(json.dumps({"mediaType": OCI_INDEX, "manifests": [entry, entry]}).encode(), chance)


def with_other_words(document: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 2)):
        start, stop = chance.choice([found.span() for found in _VALUE.finditer(document)] or [(0, 0)])
        document = document[:start] + chance.choice(_WORDS) + document[stop:]
    return document


def ask(served: Registry, chance: random.Random, folder: Path, tag: str) -> None:
    """One call of the client, and what the command line would make of its result. Raises DgetError."""
    settings = Settings(cache_dir=folder / "cache", cache=bool(chance.randrange(2)), timeout=2, environment={})
    repository = served.name("x")
    image = f"{repository}:{tag}"
    result: Any
    with Client(settings) as client:
        match chance.randrange(9):
            case 0:
                result = client.tags(repository)
            case 1:
                result = client.inspect(image)
            case 2:
                result = client.plan(image)
            case 3:
                result = client.quota(image)
            case 4:
                result = client.doctor(image)
            case 5:
                result = Listing(client.files(image), long=True)
            case 6:
                result = client.raw(image)
            case 7:
                form, name = chance.choice(_FORMS)
                result = client.pull(image, output=str(folder / name), format=form)
                assert result.path.exists()
            case _:
                result = client.pull(image, output=str(folder / f"x.{chance.choice(('tar', 'tar.gz'))}"))
                assert check_archive(result.path) == [image]
                assert not list(folder.glob("*.part"))
    render.text(result)
    render.summary(result)
    if not isinstance(result, bytes):
        json.loads(render.json_text([result], single=True))
