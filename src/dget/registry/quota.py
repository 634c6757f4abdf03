"""What a registry lets us do yet, asked without being counted."""

from dget.flow import Cancel, Observer, silent
from dget.model import Reference
from dget.model.reference import DOCKER_HUB
from dget.protocol.quota import Quota
from dget.registry.one_host import image_at
from dget.registry.session import Session

# Source: docs.docker.com/docker-hub/usage/pulls, "View pull rate and limit".
_HUB_IMAGE = Reference(domain=DOCKER_HUB, repository="ratelimitpreview/test", tag="latest")


def quota_image(domain: str) -> Reference | None:
    """The image whose HEAD tells a registry's quota, where the registry says which; no image is needed elsewhere."""
    return _HUB_IMAGE if domain == DOCKER_HUB else None


def quota_told_by_image(
    session: Session, reference: Reference, *, cancel: Cancel, observer: Observer = silent
) -> Quota | None:
    """What the HEAD of an image's manifest tells. Raises DgetError."""
    image = image_at(session, reference, cancel=cancel, observer=observer)
    image.digest()
    return image.quota


def quota_told_by_registry(session: Session, *, cancel: Cancel) -> Quota | None:
    """What the registry's front door, `/v2/`, tells. session: of the registry itself. Raises DgetError."""
    return Quota.from_headers(session.get("/", subject="its API", cancel=cancel).headers)
