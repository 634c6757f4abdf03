"""What a proxy does not let through, in words."""

import pycurl
import pytest

from dget.config.proxy import Proxy
from dget.errors import NetworkError, ProxyError
from dget.transport.curl_errors import CurlError, Failure, error_of, tls_not_spoken
from dget.transport.proxy_errors import refused, socks_refused

URL = "https://registry.example/v2/"
HOST = "registry.example"
NAMELESS = Proxy.parse("http://proxy.corp:3128")
NAMED = Proxy.parse("http://me:geheim@proxy.corp:3128", named_by="HTTPS_PROXY")
BASIC, DIGEST, NEGOTIATE = pycurl.HTTPAUTH_BASIC, pycurl.HTTPAUTH_DIGEST, pycurl.HTTPAUTH_GSSNEGOTIATE


@pytest.mark.parametrize(
    ("status", "offered", "proxy", "said", "temporary"),
    [
        (407, BASIC, NAMELESS, "wants a name and a password", False),
        (407, BASIC | NEGOTIATE, NAMED, "refused the name or the password", False),
        (401, BASIC, NAMED, "refused the name or the password", False),
        (407, NEGOTIATE, NAMED, "wants a Kerberos log-in", False),
        (407, 0, NAMELESS, "offers no log-in but NTLM", False),
        (403, 0, NAMELESS, "does not allow connections to registry.example (403)", False),
        (405, 0, NAMELESS, "does not allow connections to registry.example (405)", False),
        (502, 0, NAMELESS, "could not connect to registry.example (502)", True),
    ],
)
def test_an_http_proxys_refusal_is_told(status, offered, proxy, said, temporary):
    error = refused(status, offered, proxy, HOST)
    assert error.message.startswith("the proxy proxy.corp:3128 ")
    assert said in error.message
    assert error.temporary is temporary
    assert (error.proxy, error.status) == ("proxy.corp:3128", status)
    assert "geheim" not in error.message + (error.hint or "")


@pytest.mark.parametrize(
    ("reply", "proxy", "said", "temporary"),
    [
        (12, NAMELESS, "wants a name and a password", False),
        (12, NAMED, "takes no name and password", False),
        (33, NAMED, "refused the name or the password", False),
        (23, NAMELESS, "does not allow connections to registry.example", False),
        (19, NAMELESS, "the host refuses the connection", True),
        (21, NAMELESS, "does not reach the host", True),
        (26, NAMELESS, "it does not allow it, or does not reach the host", False),
        (2, NAMELESS, "did not connect to registry.example (words)", False),
    ],
)
def test_a_socks_proxys_refusal_is_told(reply, proxy, said, temporary):
    error = socks_refused(reply, "words", proxy, HOST)
    assert said in error.message
    assert error.hint
    assert error.temporary is temporary


@pytest.mark.parametrize(
    ("failure", "kind", "said"),
    [
        (Failure(7, "x", connect_status=403), ProxyError, "does not allow"),
        (Failure(56, "x", connect_status=407), ProxyError, "NTLM"),
        (Failure(7, "a: b", connected=False), ProxyError, "cannot connect to the proxy proxy.corp:3128 (b)"),
        (Failure(28, "timed out", connected=False), ProxyError, "cannot connect to the proxy"),
        (Failure(5, "x", connected=False), ProxyError, "host name proxy.corp cannot be found"),
        (Failure(60, "x", proxy_untrusted=True), ProxyError, "the proxy proxy.corp:3128 and dget found no common TLS"),
        (Failure(60, "x", connect_status=200), CurlError, "certificate of registry.example (through the proxy"),
        (Failure(28, "x", connect_status=200), CurlError, "went silent"),
        (Failure(97, "x.", socks_reply=23), ProxyError, "does not allow"),
    ],
)
def test_a_proxys_failure_is_told_from_the_hosts(failure, kind, said):
    error = error_of(failure, URL, NAMELESS)
    assert type(error) is kind
    assert said in error.message


def test_without_a_proxy_the_host_is_named_alone():
    assert error_of(Failure(28, "x"), URL, None).message == "registry.example went silent"


@pytest.mark.parametrize(
    ("failure", "said", "unreachable"),
    [
        (
            Failure(28, "Resolving timed out after 1001 milliseconds", connected=False),
            "nobody says in time where",
            True,
        ),
        (Failure(28, "Connection timed out after 1001 milliseconds", connected=False), "cannot connect to", True),
        (Failure(28, "Connection timed out after 1001 milliseconds"), "went silent", False),
        (Failure(6, "x", connected=False), "cannot be found", True),
    ],
)
def test_a_host_that_was_not_reached_in_time_is_told_from_one_that_went_silent(failure, said, unreachable):
    error = error_of(failure, URL, None)
    assert said in error.message
    assert "registry.example" in error.message
    assert error.unreachable is unreachable
    assert error.temporary


@pytest.mark.parametrize(
    ("error", "plain_http_may_help"),
    [
        (CurlError(pycurl.E_SSL_CONNECT_ERROR, "x"), True),
        (CurlError(pycurl.E_PEER_FAILED_VERIFICATION, "x"), False),
        (refused(403, 0, NAMELESS, HOST), True),
        (refused(407, BASIC, NAMELESS, HOST), False),
        (socks_refused(23, "x", NAMELESS, HOST), False),
        (NetworkError("x"), False),
    ],
)
def test_when_a_registry_may_speak_plain_http(error, plain_http_may_help):
    assert tls_not_spoken(error) is plain_http_may_help
