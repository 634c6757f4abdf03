"""Docker's old manifests, as its daemon before 1.10 pushed them."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

# What it pushed for a step that changes no file.
EMPTY_LAYER = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"


def old_id(number: int) -> str:
    return f"{number:064x}"


def old_manifest(steps: Sequence[tuple[str, str | None]], *, config: Mapping[str, Any] | None = None) -> bytes:
    """steps: command, and the layer's digest or None where it changes no file; the base first."""
    layers: list[object] = []
    history: list[object] = []
    for number, (command, digest) in enumerate(steps, 1):
        piece: dict[str, Any] = {
            "id": old_id(number),
            "created": f"2015-0{number}-01T00:00:00.123Z",
            "container_config": {"Cmd": ["/bin/sh", "-c", command]},
        }
        if number > 1:
            piece["parent"] = old_id(number - 1)
        if digest is None:
            piece["throwaway"] = True
        if number == len(steps):
            piece |= {
                "architecture": "amd64",
                "os": "linux",
                "docker_version": "1.9.1",
                "author": "somebody",
                "Size": 0,
                "config": {"Cmd": ["/bin/app"], "Env": ["PATH=/bin"], "Labels": {"test": "yes"}},
                **(config or {}),
            }
        layers.insert(0, {"blobSum": digest or EMPTY_LAYER})
        history.insert(0, {"v1Compatibility": json.dumps(piece)})
    manifest = {
        "schemaVersion": 1,
        "name": "library/app",
        "tag": "1",
        "architecture": "amd64",
        "fsLayers": layers,
        "history": history,
    }
    return json.dumps(manifest, indent=3).encode()


def signed(payload: bytes) -> bytes:
    """With a signature before the last brace, as a registry gave it. Nobody can check whose key it is."""
    length = len(payload) - 2
    protected = {"formatLength": length, "formatTail": _base64(payload[length:]), "time": "2015-06-01T00:00:00Z"}
    signature = {
        "header": {"jwk": {"crv": "P-256", "kty": "EC"}, "alg": "ES256"},
        "signature": "c2lnbmF0dXJl",
        "protected": _base64(json.dumps(protected).encode()),
    }
    return payload[:length] + b',\n   "signatures": ' + json.dumps([signature]).encode() + payload[length:]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
