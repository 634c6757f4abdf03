"""What a probe tells of the way to a registry."""

import pytest

from dget.config.proxy import Proxy
from dget.engine.doctor.finding import Finding, Grade
from dget.engine.doctor.way import Circumstances, way_findings
from dget.errors import NetworkError
from dget.transport.curl_errors import Failure, error_of
from dget.transport.probe import Certificate, Probe, Way

URL = "https://reg.example/v2/"
PUBLIC = Certificate(subject="CN = reg.example", issuer="O = Public Trust, CN = R3", expires="Jan  1 00:00:00 2027 GMT")
WHOLE = Way(address="192.0.2.1", looked_up=0.01, connected=0.03, secured=0.08, answered=0.1, certificates=(PUBLIC,))


def findings(
    way: Way, error: NetworkError | None = None, url: str = URL, proxy: str | None = None, verified: bool = True
) -> list[Finding]:
    around = Circumstances(proxy=proxy, clock="2026-01-01 00:00 UTC", verified=verified)
    return list(way_findings(Probe(url=url, way=way, error=error), around))


def curl_error(number: int, text: str) -> NetworkError:
    return error_of(Failure(number=number, text=text), URL, None)


def proxy_error(number: int, text: str, status: int = 0) -> NetworkError:
    return error_of(Failure(number=number, text=text, connect_status=status), URL, Proxy.parse("http://p:3128"))


def test_a_way_without_faults_is_told_step_by_step():
    assert [(one.check, one.grade, one.text) for one in findings(WHOLE)] == [
        ("proxy", "ok", "none is used"),
        ("DNS", "ok", "reg.example is at 192.0.2.1 (10 ms)"),
        ("TCP", "ok", "reg.example takes connections (20 ms)"),
        ("TLS", "ok", "trusted; issued by O = Public Trust, CN = R3, until Jan  1 00:00:00 2027 GMT"),
    ]


@pytest.mark.parametrize(
    ("way", "error", "check", "said"),
    [
        (Way(), curl_error(6, "Could not resolve host"), "DNS", "reg.example cannot be found"),
        (Way(), curl_error(28, "Resolving timed out"), "DNS", "went silent"),
        (Way(looked_up=0.1), curl_error(7, "x: Connection refused"), "TCP", "cannot connect to reg.example"),
        (Way(looked_up=0.1), curl_error(28, "Connection timed out"), "TCP", "went silent"),
        (Way(looked_up=0.1, connected=0.2), curl_error(60, "self-signed certificate"), "TLS", "is not trusted"),
        (Way(looked_up=0.1, connected=0.2), curl_error(35, "reset"), "TLS", "no common TLS"),
        (Way(proxied=True), proxy_error(5, "Could not resolve proxy"), "proxy", "the proxy's host name"),
        (Way(proxied=True, looked_up=0.1), proxy_error(7, "refused"), "proxy", "cannot connect to the proxy p:3128"),
        (Way(proxied=True, looked_up=0.1, connected=0.2), proxy_error(56, "x", 403), "proxy", "(403)"),
        (Way(proxied=True, looked_up=0.1, connected=0.2), proxy_error(56, "x", 407), "proxy", "offers no log-in"),
    ],
)  # fmt: skip
def test_the_step_that_failed_is_the_last_one_and_names_the_cause(way, error, check, said):
    *before, last = findings(way, error, proxy="p:3128" if way.proxied else None)
    assert {one.grade for one in before} <= {Grade.OK}
    assert (last.check, last.grade, last.exit_status) == (check, Grade.PROBLEM, 5)
    assert said in last.text
    assert last.advice


def test_what_comes_after_the_connection_is_not_the_ways_fault():
    assert all(one.grade == "ok" for one in findings(WHOLE, curl_error(52, "Empty reply")))


def test_the_issuer_is_told_and_an_interceptor_is_named():
    zscaler = Certificate(subject="CN = reg.example", issuer="O = Zscaler Inc., CN = Zscaler Root CA", expires="")
    untrusted = Way(looked_up=0.1, connected=0.2, certificates=(zscaler,))
    last = findings(untrusted, curl_error(60, "unable to get local issuer certificate"))[-1]
    assert "issued by O = Zscaler Inc., CN = Zscaler Root CA, which opens TLS on the way" in last.text
    trusted = findings(Way(looked_up=0.1, connected=0.2, secured=0.3, certificates=(zscaler,)))[-1]
    assert (trusted.grade, "opens TLS on the way" in trusted.text) == (Grade.WARNING, True)


def test_what_was_not_checked_is_not_called_trusted():
    last = findings(WHOLE, verified=False)[-1]
    assert last.grade == Grade.WARNING
    assert "trusted" not in last.text


def test_through_a_proxy_names_are_its_business():
    through = Way(address="10.0.0.1", looked_up=0.1, connected=0.2, secured=0.3, proxied=True, certificates=(PUBLIC,))
    assert [one.text for one in findings(through, proxy="p:3128 (-proxy)")][:3] == [
        "through the proxy p:3128 (-proxy)",
        "left to the proxy p:3128 (-proxy)",
        "the proxy p:3128 (-proxy) takes connections (100 ms)",
    ]


def test_a_certificate_that_signed_itself_is_said_to():
    own = Certificate(subject="CN = reg.example", issuer="CN = reg.example", expires="")
    last = findings(Way(looked_up=0.1, connected=0.2, certificates=(own,)), curl_error(60, "self-signed"))[-1]
    assert last.text.endswith("issued by itself")


def test_a_certificate_out_of_its_time_asks_for_the_clock():
    last = findings(Way(looked_up=0.1, connected=0.2), curl_error(60, "certificate is not yet valid"))[-1]
    assert "2026-01-01 00:00 UTC" in str(last.advice)


@pytest.mark.parametrize(("url", "grade"), [("http://127.0.0.1:5000/v2/", "ok"), ("http://reg.example/v2/", "warning")])
def test_the_clear_is_fine_on_this_machine_alone(url, grade):
    way = Way(address="192.0.2.1", looked_up=0.1, connected=0.2, answered=0.3)
    assert findings(way, url=url)[-1].grade == grade
