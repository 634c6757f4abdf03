"""One host of one image: its session there, and how it is doing."""

from dget.config.mirrors import Capability, Host
from dget.errors import Cancelled, DgetError, IntegrityError, NotFound, Unauthorized
from dget.flow import Cancel, Noted, Observer, PieceSink, Warned
from dget.model import Descriptor
from dget.protocol.connection_limit import ConnectionLimit
from dget.registry.foreign_layers import ForeignLayers, has_other_places
from dget.registry.health import Health
from dget.registry.session import NotARegistry, Session


class RemoteHost:
    """origin: whether it is the registry's own, which is trusted, and at most rests."""

    # Asked again, a registry or a proxy in between may give what it should.
    steady = False

    def __init__(self, host: Host, session: Session, health: Health, *, cancel: Cancel, observer: Observer) -> None:
        self.name = host.url.partition("://")[2].removesuffix("/v2")
        self.origin = host.origin
        self.session = session
        self._host = host
        self._health = health
        self._cancel = cancel
        self._observer = observer
        self._lacks = False
        self._foreign = ForeignLayers(session, observer)

    def can(self, capability: Capability) -> bool:
        return self._host.can(capability)

    @property
    def usable(self) -> bool:
        """Whether it is worth asking for this image."""
        return self._health.usable and not self._lacks

    @property
    def ranges(self) -> bool:
        """Whether it gives parts of blobs, as far as was seen; what one image taught holds for the next."""
        return self._health.ranges

    @ranges.setter
    def ranges(self, given: bool) -> None:
        self._health.ranges = given

    @property
    def connections(self) -> ConnectionLimit:
        """How many it is worth having; what one image taught holds for the next."""
        return self._health.connections

    @property
    def alive(self) -> bool:
        """Whether it has proven in this run that it is worth it."""
        return self.usable and self._health.answered

    def well(self) -> None:
        """It gave a good answer."""
        self._health.well()

    def failed(self, error: DgetError) -> None:
        """Takes an error of its into account: it may lack or refuse this image, be down, or be none to be trusted."""
        match error:
            case Cancelled():
                return
            case NotFound() | Unauthorized() if not self.origin:
                self._lacks = True
                self._observer(Noted(text=f"the mirror {self.name} does not serve this image: {error.message}"))
            case IntegrityError() | NotARegistry() if not self.origin:
                self.drop(error.message)
            case _ if error.temporary or not self.origin:
                self._down(error)

    def drop(self, reason: str) -> None:
        """Leaves it out for what it answered, and says so."""
        if self._health.drop():
            what = "registry" if self.origin else "mirror"
            self._observer(Warned(text=f"the {what} {self.name} is left out: {reason}"))

    def read_blob(self, blob: Descriptor, sink: PieceSink, *, start: int = 0, stop: int | None = None) -> None:
        """Bytes start to stop-1 of a blob, or fewer; unverified. Raises DgetError, RangesIgnored."""
        end = blob.size if stop is None else stop
        if self.origin and has_other_places(blob):
            self._foreign.read(blob, sink, start=start, stop=end, cancel=self._cancel)
            return
        self.session.get_blob(blob.digest, blob.size, sink, start=start, stop=end, cancel=self._cancel)

    def _down(self, error: DgetError) -> None:
        seconds = self._health.down()
        if seconds is None:
            return
        if self.origin:
            self._observer(Noted(text=f"{self.name} comes second for {seconds:.0f} seconds: {error.message}"))
        else:
            self._observer(Warned(text=f"the mirror {self.name} rests for {seconds:.0f} seconds: {error.message}"))
