"""What libcurl is told."""

import pycurl
import pytest

from dget.config.proxy import Proxy
from dget.config.tls import HostTls
from dget.transport.curl_options import proxy_options, tls_options
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
