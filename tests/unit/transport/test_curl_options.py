"""What libcurl is told."""

import pycurl
import pytest

from dget.config.proxy import Proxy
from dget.config.tls import HostTls
from dget.transport import TransportOptions
from dget.transport.curl_options import handle_options, proxy_options, tls_options
from dget.transport.sockets import OpenSockets
from dget.transport.trust import TrustStore


@pytest.mark.parametrize(
    ("trust", "bundle"),
    [(TrustStore(folder="/certs"), None), (TrustStore(file="/certs/all.pem"), b"/certs/all.pem")],
)
def test_a_folder_of_authorities_takes_the_place_of_the_bundle_that_libcurl_would_read_each_time(trust, bundle):
    proxy = Proxy(scheme="https", host="proxy.test", port=443)
    assert dict(tls_options(HostTls(), trust))[pycurl.CAINFO] == bundle
    assert dict(proxy_options(proxy, trust, []))[pycurl.PROXY_CAINFO] == bundle


def test_where_no_authorities_were_found_libcurls_own_default_stands():
    assert pycurl.CAINFO not in dict(tls_options(HostTls(), TrustStore()))


@pytest.mark.parametrize(
    ("rate", "size"), [(None, 65_536), (90e6, 65_536), (880_000.0, 10_000), (90_000.0, 1_024), (1.0, 1_024)]
)
def test_under_a_limit_less_is_read_at_once_so_that_no_connection_rests_for_long(rate, size):
    options = dict(handle_options(TransportOptions(environment={}, limit_rate=rate), OpenSockets()))
    assert options[pycurl.BUFFERSIZE] == size
