"""An image at one host alone, whatever mirrors there are."""

from dget.config.mirrors import Host
from dget.flow import Cancel, Observer, SystemClock
from dget.model import Reference
from dget.protocol.connection_limit import ConnectionLimit
from dget.registry.health import Forgetful, Health
from dget.registry.image_hosts import ImageHosts
from dget.registry.remote_host import RemoteHost
from dget.registry.remote_image import RemoteImage
from dget.registry.session import Session


def image_at(session: Session, reference: Reference, *, cancel: Cancel, observer: Observer) -> RemoteImage:
    """session: of the image's repository at that host."""
    host = Host(url=session.base, repository=session.repository, source="", origin=True)
    health = Health(host.url, Forgetful(), SystemClock(), ConnectionLimit())
    remote = RemoteHost(host, session, health, cancel=cancel, observer=observer)
    hosts = ImageHosts([remote], cancel=cancel, observer=observer)
    return RemoteImage(hosts, reference, reference.archive_names, cancel=cancel, observer=observer)
