"""One HTTP client over libcurl behind the `Transport` protocol."""

from dget.transport.curl import CurlTransport
from dget.transport.observed import ObservedTransport
from dget.transport.offline import OfflineTransport
from dget.transport.options import TransportOptions
from dget.transport.protocol import ResponseSink, Transport

__all__ = ["CurlTransport", "ObservedTransport", "OfflineTransport", "ResponseSink", "Transport", "TransportOptions"]
