"""HTTP by libcurl: one easy handle a request at a time, name look-ups and TLS sessions shared by all."""

import contextlib
import threading
from collections.abc import Callable
from queue import Empty, LifoQueue
from typing import TypeAlias

import pycurl

from dget.config.proxy import Proxy
from dget.config.tls import HostTls
from dget.flow import Cancel
from dget.protocol.echo import without_echo
from dget.protocol.http import Request, Response
from dget.protocol.origin import host_of, origin
from dget.protocol.proxy_answers import is_proxys_own
from dget.transport import proxy_errors
from dget.transport.curl_errors import Failure, error_of
from dget.transport.curl_options import (
    CurlOptions,
    direct_options,
    handle_options,
    proxy_options,
    request_options,
    short_answer_options,
    tls_options,
)
from dget.transport.incoming import Incoming
from dget.transport.options import TransportOptions
from dget.transport.protocol import ResponseSink
from dget.transport.reach import Reach
from dget.transport.sockets import OpenSockets
from dget.transport.trust import TrustStores

_CLOSED_WITHIN = 0.5
Watch: TypeAlias = Callable[[pycurl.Curl], None]


class CurlTransport:
    """A Transport. Threads may use it together."""

    def __init__(self, options: TransportOptions, *, watch: Watch | None = None) -> None:
        """watch: is shown the handle after each request."""
        self._watch = watch
        self._options = options
        self._trust = TrustStores(options.environment)
        self._reach = Reach(options.pins)
        self._share = pycurl.CurlShare()
        self._share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_DNS)
        self._share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_SSL_SESSION)
        # The handle that was used last has the connection that is the most likely to be alive.
        self._idle: LifoQueue[_Handle] = LifoQueue()

    def send(self, request: Request, sink: ResponseSink | None = None, *, cancel: Cancel) -> Response:
        cancel.check()
        scheme, host, port = origin(request.url)
        proxy = self._options.proxies.proxy_for(scheme, host, port)
        options = self._options_for(request, proxy)
        if sink is None:
            options += short_answer_options(self._options.timeout)
        handle = self._take()
        try:
            return without_echo(handle.perform(request, options, proxy, sink, cancel), request)
        finally:
            self._idle.put(handle)

    def close(self) -> None:
        """Ends the idle connections."""
        # A handle whose name look-up hangs cannot be closed before that ends: it is left behind.
        closing = threading.Thread(target=self._close_idle, name="dget-close", daemon=True)
        closing.start()
        closing.join(_CLOSED_WITHIN)

    def _close_idle(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def _options_for(self, request: Request, proxy: Proxy | None) -> CurlOptions:
        """Raises UsageError where a certificate's file cannot be used, NetworkError where the request may not go."""
        options = request_options(request)
        asked = origin(request.url)
        if asked[0] == "https":
            tls = self._options.tls(asked)
            options += tls_options(tls, self._trust.of(tls))
        if proxy is None:
            return options + direct_options()
        self._reach.check_proxied(request)
        own = self._options.tls(("https", proxy.host, proxy.port)) if proxy.scheme == "https" else HostTls()
        return options + proxy_options(proxy, self._trust.of(own), self._options.pins)

    def _take(self) -> "_Handle":
        try:
            return self._idle.get_nowait()
        except Empty:
            return _Handle(self._options, self._reach, self._share, self._watch)


class _Handle:
    """An easy handle with its kept-alive connections, for one thread at a time."""

    def __init__(self, options: TransportOptions, reach: Reach, share: pycurl.CurlShare, watch: Watch | None) -> None:
        self._reach = reach
        self._watch = watch
        self._sockets = OpenSockets()
        self._curl = pycurl.Curl()
        self._curl.setopt(pycurl.SHARE, share)
        self._base = handle_options(options, self._sockets)

    def perform(
        self,
        request: Request,
        options: CurlOptions,
        proxy: Proxy | None,
        sink: ResponseSink | None,
        cancel: Cancel,
    ) -> Response:
        # reset() keeps the connections and the share, and forgets the last request's options.
        self._curl.reset()
        for option, value in self._base + options:
            self._curl.setopt(option, value)
        if self._watch:
            self._curl.setopt(pycurl.OPT_CERTINFO, 1)
        incoming = Incoming(sink)
        self._curl.setopt(pycurl.HEADERFUNCTION, incoming.header)
        self._curl.setopt(pycurl.WRITEFUNCTION, incoming.write)
        self._curl.setopt(pycurl.NOPROGRESS, 0)
        self._curl.setopt(pycurl.XFERINFOFUNCTION, incoming.between_reads)
        check = None if proxy else lambda address: self._reach.check_address(request, address)
        failed: Failure | None = None
        with cancel.on_cancel(self._sockets.shut), self._sockets.checked(check):
            try:
                self._curl.perform()
            except pycurl.error as error:
                failed = self._failure(error)
            finally:
                if self._watch:
                    self._watch(self._curl)
                # Lets go of the sink. Not by reset(): libcurl closes its sockets through our callbacks later on.
                self._curl.setopt(pycurl.HEADERFUNCTION, _ignore)
                self._curl.setopt(pycurl.WRITEFUNCTION, _ignore)
                self._curl.setopt(pycurl.NOPROGRESS, 1)
                self._curl.setopt(pycurl.XFERINFOFUNCTION, _ignore)
        # What arrived before a failure counts.
        incoming.end()
        cancel.check()
        incoming.check()
        if failed:
            raise self._sockets.refusal or error_of(failed, request.url, proxy)
        response = incoming.response()
        if proxy and proxy.is_http and request.url.startswith("http://") and is_proxys_own(response):
            raise proxy_errors.refused(response.status, self._offered_log_ins(), proxy, host_of(request.url))
        return response

    def close(self) -> None:
        self._curl.close()

    def _failure(self, error: pycurl.error) -> Failure:
        return Failure(
            number=int(error.args[0]),
            text=str(error.args[-1]),
            connect_status=self._curl.getinfo(pycurl.HTTP_CONNECTCODE),
            offered_log_ins=self._offered_log_ins(),
            socks_reply=self._curl.getinfo(pycurl.PROXY_ERROR),
            proxy_untrusted=self._curl.getinfo(pycurl.PROXY_SSL_VERIFYRESULT) != 0,
            # Not by the times: a connection that was there already took none, and one that is given up did.
            connected=bool(self._curl.getinfo(pycurl.PRIMARY_IP)),
        )

    def _offered_log_ins(self) -> int:
        offered: int = self._curl.getinfo(pycurl.PROXYAUTH_AVAIL)
        return offered


def _ignore(*_of_it: object) -> None:
    """Takes what nobody waits for."""
