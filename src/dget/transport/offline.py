"""The transport of a run that may ask nobody."""

from typing import NoReturn

from dget.errors import NetworkError
from dget.flow import Cancel
from dget.protocol.http import Request
from dget.protocol.origin import show_url
from dget.transport.protocol import ResponseSink


class OfflineTransport:
    """Sends nothing, so that nothing above it has to remember not to."""

    def send(self, request: Request, sink: ResponseSink | None = None, *, cancel: Cancel) -> NoReturn:  # noqa: ARG002
        raise NetworkError(
            f"{show_url(request.url)} is needed, and --offline forbids to ask for it", hint="leave out --offline"
        )

    def close(self) -> None:
        """There is nothing to let go of."""
