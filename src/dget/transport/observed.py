"""A transport that tells an observer of each request."""

import time

from dget.errors import DgetError
from dget.flow import Answered, Cancel, Observer
from dget.protocol.http import Request, Response
from dget.protocol.origin import show_url
from dget.transport.protocol import ResponseSink, Transport


class ObservedTransport:
    def __init__(self, inner: Transport, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    def close(self) -> None:
        self._inner.close()

    def send(self, request: Request, sink: ResponseSink | None = None, *, cancel: Cancel) -> Response:
        begun = time.monotonic()
        outcome = "ended early"
        try:
            response = self._inner.send(request, sink, cancel=cancel)
            outcome = str(response.status)
        except DgetError as error:
            outcome = error.message
            raise
        finally:
            seconds = time.monotonic() - begun
            wanted = request.headers.get("Range")
            url = f"{show_url(request.url)} ({wanted})" if wanted else show_url(request.url)
            self._observer(Answered(method=request.method, url=url, outcome=outcome, seconds=seconds))
        return response
