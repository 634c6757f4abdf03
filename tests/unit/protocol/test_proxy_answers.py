"""Whose answer it is, where a proxy passes plain HTTP on."""

import pytest

from dget.protocol.http import Headers, Response
from dget.protocol.proxy_answers import is_proxys_own

SQUID = ("X-Squid-Error", "ERR_ACCESS_DENIED 0")
REGISTRY = ("Docker-Distribution-Api-Version", "registry/2.0")
HTML, JSON = ("Content-Type", "text/html"), ("Content-Type", "application/json")
VIA = ("Via", "1.1 proxy (squid/5.7)")


@pytest.mark.parametrize(
    ("status", "fields", "own"),
    [
        (407, [], True),
        (407, [REGISTRY], True),
        (403, [SQUID], True),
        (503, [SQUID, HTML], True),
        (403, [("Server", "tinyproxy/1.11.1"), HTML], True),
        (401, [("Server", "tinyproxy/1.11.1"), ("WWW-Authenticate", 'Basic realm="Tinyproxy"')], True),
        (502, [("Proxy-Status", "proxy.corp; error=destination_unavailable")], True),
        (403, [HTML], True),
        (504, [HTML], True),
        (403, [JSON, VIA], False),
        (403, [JSON], False),
        (403, [HTML, REGISTRY], False),
        (401, [HTML, ("WWW-Authenticate", 'Basic realm="registry"')], False),
        (401, [JSON, REGISTRY, VIA], False),
        (404, [HTML], False),
        (404, [JSON, VIA], False),
        (429, [HTML], False),
        (200, [SQUID], False),
        (403, [("Proxy-Status", "proxy.corp; received-status=403"), JSON], False),
    ],
)
def test_whose_answer_it_is(status, fields, own):
    assert is_proxys_own(Response(status=status, headers=Headers.of(fields))) is own
