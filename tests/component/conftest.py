"""The whole client against a registry in this process, that does as a script says."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from dget import Client, Settings
from dget.flow import Event
from dget.model import Digest
from dget.model.media_type import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST
from dget.protocol.http import Headers, Request
from dget.serve import Answer, MemoryContent, Server, answer

Fault = Callable[[Request, Answer], Answer]


@dataclass
class Registry:
    """A real HTTP server over made images. asked: method, path and Range of each request; fault: changes answers."""

    content: MemoryContent = field(default_factory=MemoryContent)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    fault: Fault = lambda request, given: given
    server: Server = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server = Server(self.handle)

    def handle(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request)
            self.asked.append((request.method, request.url, request.headers.get("Range") or ""))
        return self.fault(request, answer(request, self.content))

    def name(self, image: str) -> str:
        return f"{self.server.address}/{image}"

    def blobs_asked(self) -> list[str]:
        return [path.rpartition("/")[2] for _, path, _ in self.asked if "/blobs/" in path]

    def image(self, repository: str, tag: str, *layers: bytes, architecture: str = "amd64") -> Digest:
        """Adds a single-manifest image; the digest of its manifest."""
        return self.content.add_manifest(repository, self.manifest(layers, architecture), OCI_MANIFEST, tag)

    def index(self, repository: str, tag: str, **builds: list[bytes]) -> Digest:
        """Adds an index of builds by architecture, and an attestation."""
        entries = []
        for architecture, layers in builds.items():
            raw = self.manifest(layers, architecture)
            digest = self.content.add_manifest(repository, raw, OCI_MANIFEST)
            platform = {"os": "linux", "architecture": architecture}
            entries.append({"mediaType": OCI_MANIFEST, "digest": str(digest), "size": len(raw), "platform": platform})
        unknown = {"os": "unknown", "architecture": "unknown"}
        entries.insert(0, {**entries[0], "platform": unknown})
        raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
        return self.content.add_manifest(repository, raw, OCI_INDEX, tag)

    def manifest(self, layers: tuple[bytes, ...] | list[bytes], architecture: str) -> bytes:
        config = {
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(layer)) for layer in layers]},
            "config": {"Cmd": ["/bin/true"], "Env": ["A=b"]},
        }
        raw = json.dumps(config).encode()
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": {"mediaType": OCI_CONFIG, "digest": str(self.content.add_blob(raw)), "size": len(raw)},
                "layers": [
                    {"mediaType": OCI_LAYER_GZIP, "digest": str(self.content.add_blob(layer)), "size": len(layer)}
                    for layer in layers
                ],
            }
        ).encode()


def noise(seed: int, size: int) -> bytes:
    """A layer's bytes. The client never unpacks them."""
    return random.Random(seed).randbytes(size)


def with_status(given: Answer, status: int, *fields: tuple[str, str]) -> Answer:
    return Answer(status=status, headers=Headers.of([*fields, ("Content-Length", "0")]))


def with_body(given: Answer, change: Callable[[bytes], bytes]) -> Answer:
    """The same answer with another body of the same length."""
    return replace(given, body=(change(b"".join(given.body)),))


def until(happened: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_blob(request: Request) -> bool:
    return "/blobs/" in request.url


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    with registry.server:
        yield registry


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", timeout=5, environment={})


@pytest.fixture
def client(settings: Settings, events: list[Event]) -> Iterator[Client]:
    with Client(settings, observer=events.append) as client:
        yield client
