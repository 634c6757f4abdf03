"""The hosts of images, as they were configured, and what a client learned of them."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from msgspec.structs import replace

from dget.config import Settings
from dget.config.credentials import CredentialLookup
from dget.config.mirrors import Host, HostFiles, KnownHosts, NamedMirrors
from dget.config.mirrors.host import api_root
from dget.config.tls import TlsByOrigin
from dget.flow import Cancel, Clock, Observer, Warned
from dget.model import Reference
from dget.protocol.auth import CredentialsOf
from dget.protocol.connection_limit import ConnectionLimit
from dget.protocol.origin import is_loopback, origin
from dget.registry import Endpoint, Forgetful, Health, HostMemory, ImageHosts, RemoteHost, Session
from dget.store import Store
from dget.transport import Transport

_INSECURE = (
    "is not checked (--insecure): whoever stands in between can read all that is sent, passwords too, and can answer "
    "in its place; --ca-file PEM trusts one authority instead"
)


class Hosts:
    """Configuration is read, and the store opened, when the first image needs them."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        tls: TlsByOrigin,
        credentials: CredentialLookup,
        store: Callable[[], Store | None],
        *,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._tls = tls
        self._credentials = credentials
        self._store = store
        self._clock = clock
        self._observer = observer
        self._endpoints: dict[tuple[str, bool, str | None], Endpoint] = {}
        self._healths: dict[str, Health] = {}
        self._forgetful = Forgetful()
        self._known: KnownHosts | None = None

    def expanded(self, text: str) -> str:
        """A short name that stands for another one, made full. Raises UsageError."""
        return self._known_hosts().expanded(text, self._observer)

    def of(self, reference: Reference, cancel: Cancel) -> ImageHosts:
        """cancel: of the run that asks. Raises UsageError, StorageError."""
        found = self._known_hosts().hosts(reference, self._observer)
        # Only where there is a choice does it matter how a host did before.
        memory = self._memory() if len(found) > 1 else self._forgetful
        remotes = [
            RemoteHost(
                host,
                Session(self._transport, self._endpoint(host, reference), host.repository, self._clock),
                self._health(host, memory),
                cancel=cancel,
                observer=self._observer,
            )
            for host in found
        ]
        return ImageHosts(remotes, tag_from=self._settings.tag_from, cancel=cancel, observer=self._observer)

    def own_endpoint(self, domain: str, credentials: CredentialsOf | None = None) -> Endpoint:
        """The registry's own, as the person names it, without what was learned of it. Raises UsageError.

        credentials: in place of those that are found.
        """
        root = api_root(domain)
        local = is_loopback(urlsplit(root).hostname or "")
        host = self._loosened(Host(url=root, repository="", source="", origin=True, plain_http=local))
        self._speak_to(host, own=True)
        return Endpoint.at(host, credentials or partial(self._credentials.find, domain))

    def mirrors(self, reference: Reference) -> list[Host]:
        """Raises UsageError."""
        found = [host for host in self._known_hosts().hosts(reference, self._observer) if not host.origin]
        for host in found:
            self._speak_to(host, own=False)
        return found

    def _known_hosts(self) -> KnownHosts:
        settings = self._settings
        if self._known is None:
            plain = settings.registry.removeprefix("http://").rstrip("/")
            sections = {host.name: host.mirrors for host in settings.hosts if host.mirrors}
            self._known = KnownHosts.read(
                [NamedMirrors.of_words(settings.mirror), NamedMirrors.of_mapping(sections, source="config.toml")],
                HostFiles.of(settings.environment),
                insecure=settings.insecure,
                plain=frozenset((plain,) if settings.registry.startswith("http://") else ()),
            )
        return self._known

    def _endpoint(self, host: Host, reference: Reference) -> Endpoint:
        """One for each host, so that what was learned of it serves the next image too."""
        # Whoever stands in for the registry must not get what the person gave for the registry.
        own = host.origin and host.domain == reference.domain
        key = (host.url, own, host.namespace)
        if key not in self._endpoints:
            host = self._loosened(host)
            credentials = self._credentials.find if own else self._credentials.stored
            self._endpoints[key] = Endpoint.at(host, partial(credentials, host.domain))
            self._speak_to(host, own=own)
        return self._endpoints[key]

    def _loosened(self, host: Host) -> Host:
        """With what a section of config.toml says of that very host."""
        settings, section = self._settings, self._settings.host(host.domain)
        plain = host.plain_http or settings.insecure or section.insecure or section.plain_http
        tls = replace(
            host.tls,
            ca_files=(*host.tls.ca_files, *([section.ca_file] if section.ca_file else [])),
            verify=host.tls.verify and not section.insecure,
        )
        # Whoever writes http:// means that.
        asked = settings.registry == f"http://{host.domain}"
        url = host.url.replace("https://", "http://", 1) if asked else host.url
        return replace(host, url=url, plain_http=plain, tls=tls)

    def _speak_to(self, host: Host, *, own: bool) -> None:
        """Says how TLS is done with it. The client certificate of this run is the registry's, as the credentials are."""
        settings, tls = self._settings, host.tls
        if own and settings.client_certificate is not None:
            tls = replace(tls, client_certificate=settings.client_certificate, client_key=settings.client_key)
        self._tls.say(origin(host.url), tls)
        if settings.insecure or not tls.verify:
            self._observer(Warned(text=f"{host.domain} {_INSECURE}"))

    def _health(self, host: Host, memory: HostMemory) -> Health:
        if host.url not in self._healths:
            self._healths[host.url] = Health(host.url, memory, self._clock, ConnectionLimit(self._settings.connections))
        return self._healths[host.url]

    def _memory(self) -> HostMemory:
        store = self._store()
        return store.hosts if store else self._forgetful
