"""What a client connects with, and how it fetches, as the settings say."""

from dget import __version__
from dget.config import Settings
from dget.config.certs_d import certs_folders, read_certs
from dget.config.credentials import CredentialLookup
from dget.config.tls import HostTls, TlsByOrigin
from dget.engine.fetching import Fetching
from dget.flow import Clock, Observer, RateLimit
from dget.protocol.auth import Credential
from dget.transport import CurlTransport, OfflineTransport, Transport, TransportOptions


def credentials_of(settings: Settings, observer: Observer) -> CredentialLookup:
    given = None
    if settings.username is not None and settings.password is not None:
        given = Credential(username=settings.username, password=settings.password, source=settings.credentials_from)
    return CredentialLookup(settings.environment, observer, given)


def fetching_of(settings: Settings, clock: Clock) -> Fetching:
    return Fetching(
        connections=settings.connections,
        rate_limit=RateLimit(settings.limit_rate, clock) if settings.limit_rate else None,
        verify_cache=settings.verify_cache,
        # Longer than a host may be silent before whoever fetches from it gives up.
        patience=2 * settings.timeout,
    )


def tls_of(settings: Settings) -> TlsByOrigin:
    folders = certs_folders(settings.environment)
    ca_files = (settings.ca_file,) if settings.ca_file else ()
    return TlsByOrigin(
        HostTls(ca_files=ca_files, verify=not settings.insecure), lambda asked: read_certs(folders, asked)
    )


def transport_of(settings: Settings, tls: TlsByOrigin) -> Transport:
    return OfflineTransport() if settings.offline else CurlTransport(transport_options(settings, tls))


def transport_options(settings: Settings, tls: TlsByOrigin) -> TransportOptions:
    return TransportOptions(
        user_agent=f"dget/{__version__}",
        timeout=settings.timeout,
        limit_rate=settings.limit_rate,
        proxies=settings.proxies,
        pins=settings.pins,
        tls=tls,
        environment=settings.environment,
    )
