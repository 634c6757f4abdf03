"""Layers that registries may not hand out (Windows' bases): from the registry where it does, else from their `urls`."""

from dget.errors import DgetError, NotFound
from dget.flow import Cancel, Noted, Observer, PieceSink
from dget.model import Descriptor, Digest
from dget.model.media_type import is_foreign_layer
from dget.protocol.origin import host_of
from dget.registry.session import RangesIgnored, Session


def has_other_places(blob: Descriptor) -> bool:
    return bool(blob.urls) and is_foreign_layer(blob.media_type)


class ForeignLayers:
    """Remembers which ones the registry does not have. Threads may use it together."""

    def __init__(self, session: Session, observer: Observer) -> None:
        self._session = session
        self._observer = observer
        self._elsewhere: set[Digest] = set()

    def read(self, blob: Descriptor, sink: PieceSink, *, start: int, stop: int, cancel: Cancel) -> None:
        """Bytes start to stop-1, or fewer; unverified. Raises DgetError, RangesIgnored."""
        if blob.digest not in self._elsewhere:
            try:
                self._session.get_blob(blob.digest, blob.size, sink, start=start, stop=stop, cancel=cancel)
            except NotFound:
                self._elsewhere.add(blob.digest)
                places = ", ".join(host_of(url) for url in blob.urls or ())
                self._observer(Noted(text=f"the registry does not hand out {blob.digest.short}: asking {places}"))
            else:
                return
        self._read_elsewhere(blob, sink, start, stop, cancel)

    def _read_elsewhere(self, blob: Descriptor, sink: PieceSink, start: int, stop: int, cancel: Cancel) -> None:
        """From the first place that gives it. Raises what the last one's failure was."""
        *others, last = blob.urls or ()
        for url in others:
            taken = _Counted(sink)
            try:
                self._session.get_foreign(url, blob.digest, blob.size, taken, start=start, stop=stop, cancel=cancel)
            except RangesIgnored:
                raise
            except DgetError:
                cancel.check()
                # What has begun is gone on with by the next request.
                if taken.begun:
                    raise
            else:
                return
        self._session.get_foreign(last, blob.digest, blob.size, sink, start=start, stop=stop, cancel=cancel)


class _Counted:
    """A PieceSink that knows whether anything came."""

    def __init__(self, sink: PieceSink) -> None:
        self.begun = False
        self._sink = sink

    def write(self, data: bytes | memoryview) -> None:
        self.begun = True
        self._sink.write(data)
