"""What sends HTTP requests, as the rooms above see it."""

from typing import Protocol

from dget.flow import Cancel, PieceSink
from dget.protocol.http import Headers, Request, Response


class ResponseSink(Protocol):
    """Decides about a body when its status and headers are known."""

    def begin(self, status: int, headers: Headers) -> PieceSink | None:
        """Where the body goes; None collects it, bounded, into the Response. What it raises ends the transfer."""
        ...


class Transport(Protocol):
    def send(self, request: Request, sink: ResponseSink | None = None, *, cancel: Cancel) -> Response:
        """One request, one answer, no redirect followed.

        Raises NetworkError where no whole answer arrives, Cancelled, and what the sink raises.
        """
        ...

    def close(self) -> None: ...
