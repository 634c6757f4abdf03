"""Whether a registry lets somebody in."""

from dget.errors import NetworkError, NotFound
from dget.flow import Cancel, Observer
from dget.protocol.origin import host_of
from dget.registry.persistence import persist
from dget.registry.session import Session


def check_access(session: Session, *, cancel: Cancel, observer: Observer) -> None:
    """Asks for the root of the API, as the session's credentials. session: of the registry itself.

    Raises Unauthorized where the registry or its token service refuses them, NetworkError where it is no registry.
    Source: OCI distribution specification, "Determining Support".
    """
    host = host_of(session.base)
    try:
        persist(lambda: session.get("/", subject="its API", cancel=cancel), what=host, cancel=cancel, observer=observer)
    except NotFound as error:
        raise NetworkError(
            f"{host} does not answer as a registry: it has nothing at /v2/",
            hint="is the host right? A registry in a folder of a web server is not supported",
        ) from error
