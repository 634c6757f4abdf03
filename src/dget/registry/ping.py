"""Asking a registry whether it is one. Source: OCI distribution specification, "Determining Support"."""

from dget.flow import Cancel, Clock
from dget.protocol.auth import auth_flow
from dget.protocol.http import Request, Response
from dget.registry.endpoint import Endpoint
from dget.transport import Transport
from dget.transport.curl_errors import CurlError, tls_not_spoken


def ping(transport: Transport, endpoint: Endpoint, clock: Clock, *, cancel: Cancel) -> Response:
    """The answer to `GET /v2/`, with the endpoint's credentials where it wants some.

    Any status is an answer. Raises NetworkError, Unauthorized.
    """
    try:
        return _ask(transport, endpoint, clock, cancel)
    except CurlError as error:
        if endpoint.settled or not tls_not_spoken(error.number) or not endpoint.next_url():
            raise
        return _ask(transport, endpoint, clock, cancel)


def _ask(transport: Transport, endpoint: Endpoint, clock: Clock, cancel: Cancel) -> Response:
    flow = auth_flow(Request(url=f"{endpoint.url}/v2/"), endpoint.authority, "", clock)
    wanted = next(flow)
    while True:
        try:
            wanted = flow.send(transport.send(wanted, cancel=cancel))
        except StopIteration as end:
            answer: Response = end.value
            return answer
