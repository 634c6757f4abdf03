"""What the doctor examines, from what the person set up."""

from collections.abc import Callable

from msgspec.structs import replace

from dget import __version__
from dget.api.hosts import Hosts
from dget.config import Settings
from dget.engine.doctor import Patient
from dget.model import Reference, registry_host
from dget.transport import TransportOptions

# Whoever asks what is wrong waits for no host as long as a pull does.
_PATIENCE = 10.0
# Which repository does not matter where no image was named.
_ANY = "any"


def patient_of(
    target: str,
    settings: Settings,
    *,
    reference_of: Callable[[str], Reference],
    hosts: Hosts,
    options: TransportOptions,
) -> Patient:
    """target: a registry's host, or an image. hosts: of which nothing was learned yet. Raises UsageError."""
    host = registry_host(target)
    image = None if host else reference_of(target)
    domain = image.domain if image else host or target
    return Patient(
        domain=domain,
        image=image,
        mirrors=hosts.mirrors(image or Reference(domain=domain, repository=_ANY)),
        endpoint=hosts.own_endpoint(domain),
        options=replace(options, timeout=min(options.timeout, _PATIENCE)),
        cache=settings.cache_dirs[0] if settings.cache else None,
        about={"dget": __version__},
    )
