"""What is asked of a registry itself: what it allows yet, whether it works, and who one is there."""

from typing import TYPE_CHECKING

from dget.api.connections import transport_options
from dget.api.image_sources import ImageSources
from dget.api.results import LoginResult, LogoutResult, QuotaReport
from dget.config import Settings
from dget.config.tls import TlsByOrigin
from dget.errors import DgetError, UsageError
from dget.flow import Cancel, Clock, Observer
from dget.model import registry_host
from dget.protocol.auth import Credential
from dget.registry import Session
from dget.transport import CurlTransport, ObservedTransport, Transport

if TYPE_CHECKING:
    from dget.engine.doctor import Diagnosis


class RegistryCalls:
    """Its methods raise DgetError. target: a registry's host, or one of its images; None means where images without a host are."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        tls: TlsByOrigin,
        sources: ImageSources,
        *,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._tls = tls
        self._sources = sources
        self._clock = clock
        self._observer = observer

    def quota(self, target: str | None, cancel: Cancel) -> QuotaReport:
        from dget.registry import quota_image, quota_told_by_image, quota_told_by_registry

        target = target or self._own
        if host := registry_host(target):
            reference, domain = quota_image(host), host
        else:
            reference = self._sources.reference(target)
            domain = reference.domain
        endpoint = self._sources.hosts.own_endpoint(domain)
        session = Session(self._transport, endpoint, reference.repository if reference else "", self._clock)
        if reference:
            told = quota_told_by_image(session, reference, cancel=cancel, observer=self._observer)
        else:
            told = quota_told_by_registry(session, cancel=cancel)
        return QuotaReport(host=domain, image=str(reference) if reference else None, quota=told)

    def doctor(self, target: str | None, cancel: Cancel) -> "Diagnosis":
        from dget.api.patient import patient_of
        from dget.engine.doctor.examine import examine

        patient = patient_of(
            target or self._own,
            self._settings,
            reference_of=self._sources.reference,
            hosts=self._sources.new_hosts(),
            options=transport_options(self._settings, self._tls),
        )
        transport = ObservedTransport(CurlTransport(patient.options), self._observer)
        try:
            return examine(patient, transport, self._clock, cancel=cancel, observer=self._observer)
        finally:
            transport.close()

    def login(self, registry: str | None, username: str, password: str, cancel: Cancel) -> LoginResult:
        from dget.config.credentials import OwnStore
        from dget.registry import check_access

        domain = self._registry(registry)
        if not username or not password:
            raise UsageError(f"{domain} wants a name and a password to log in with")
        credential = Credential(username=username, password=password)
        endpoint = self._sources.hosts.own_endpoint(domain, lambda _: credential)
        check_access(Session(self._transport, endpoint, "", self._clock), cancel=cancel, observer=self._observer)
        kept = OwnStore(self._settings.environment, self._observer).keep(domain, credential)
        self._sources.hosts = self._sources.new_hosts()
        return LoginResult(
            registry=domain,
            username=username,
            kept_in=kept.place,
            in_clear=kept.in_clear,
            checked=endpoint.asks_who,
        )

    def logout(self, registry: str | None) -> LogoutResult:
        from dget.config.credentials import CredentialLookup, OwnStore

        domain = self._registry(registry)
        place = OwnStore(self._settings.environment, self._observer).forget(domain)
        self._sources.hosts = self._sources.new_hosts()
        try:
            other = CredentialLookup(self._settings.environment, self._observer).find(domain)
        # It is out of dget's own hands; who pulls next will be told.
        except DgetError:
            other = None
        return LogoutResult(registry=domain, removed_from=place, still_in=other.source if other else None)

    def _registry(self, text: str | None) -> str:
        from dget.config.credentials import registry_name

        return registry_name(text or self._settings.registry)

    @property
    def _own(self) -> str:
        """Where images without a host are, written so that it cannot be taken for an image."""
        return f"https://{self._sources.default_domain}"
