"""A mirror: whether it answers, how soon, and how fast."""

import time

from dget.config.mirrors import Host
from dget.engine.doctor.finding import Finding
from dget.errors import DgetError
from dget.flow import Cancel, Clock, silent
from dget.model import Descriptor, Index, Manifest, Reference
from dget.protocol.auth import nobody
from dget.registry import Endpoint, RemoteImage, Session, image_at
from dget.transport import Transport

# So many bytes of a layer tell the rate.
_SAMPLE = 4 << 20
_MEGA = 1e6


def mirror_finding(transport: Transport, host: Host, image: Reference | None, clock: Clock, cancel: Cancel) -> Finding:
    """image: what the mirror is asked for, so that its rate is seen."""
    check = f"mirror {host.name}"
    endpoint = Endpoint.at(host, nobody)
    itself = Session(transport, endpoint, "", clock)
    try:
        # The second answer comes by a connection that is there already.
        _greet(itself, cancel)
        begun = time.monotonic()
        _greet(itself, cancel)
        trip = f"{(time.monotonic() - begun) * 1000:.0f} ms"
        if image is None:
            return Finding.ok(check, f"answers ({trip}); name an image to see how fast it is")
        session = Session(transport, endpoint, host.repository, clock)
        rate = _rate(session, image_at(session, image, cancel=cancel, observer=silent), cancel)
    except DgetError as error:
        return _warning(check, error.message)
    return Finding.ok(check, f"answers ({trip}), {rate / _MEGA:.1f} MB/s")


def _warning(check: str, text: str) -> Finding:
    return Finding.warning(check, text, "pulls do without it; take it out of the configuration if it stays so")


def _greet(itself: Session, cancel: Cancel) -> None:
    """Raises DgetError where it is no registry, or lets nobody in."""
    itself.get("/", subject="its API", cancel=cancel)


def _rate(session: Session, image: RemoteImage, cancel: Cancel) -> float:
    """Bytes a second, of the beginning of the largest layer. Raises DgetError."""
    document = image.resolve()
    while isinstance(document.value, Index):
        document = image.document(document.value.images[0])
    manifest: Manifest = document.value
    layer: Descriptor = max((*manifest.layers, manifest.config), key=lambda blob: blob.size)
    sink = _Count()
    begun = time.monotonic()
    session.get_blob(layer.digest, layer.size, sink, start=0, stop=min(layer.size, _SAMPLE), cancel=cancel)
    return sink.count / max(time.monotonic() - begun, 1e-3)


class _Count:
    """A PieceSink that keeps nothing."""

    def __init__(self) -> None:
        self.count = 0

    def write(self, data: bytes | memoryview) -> None:
        self.count += len(data)
