"""What the wire says: errors, ranges, pages, quotas and origins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.errors import DgetError, IntegrityError, NetworkError, NotFound, RateLimited, RegistryError, Unauthorized
from dget.protocol.failures import failure_of, is_web_page, retry_after
from dget.protocol.http import Headers, Response
from dget.protocol.origin import check_realm, is_loopback, is_private_literal, origin, redirected, show_url
from dget.protocol.pagination import next_page
from dget.protocol.quota import Quota
from dget.protocol.ranges import check_range, range_header

NOW = 1_800_000_000.0


def with_header(name: str, value: str) -> Headers:
    return Headers.of([(name, value)])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RegistryError),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, NotFound),
        (407, NetworkError),
        (429, RateLimited),
        (500, RegistryError),
    ],
)
def test_a_status_becomes_the_right_error_with_the_registrys_words(status, kind):
    body = b'{"errors": [{"code": "SOME_CODE", "message": "some words"}]}'
    error = failure_of(Response(status=status, body=body), "r.example", now=NOW, subject="a:1")
    assert type(error) is kind
    assert "some words" in error.message or status == 407


@pytest.mark.parametrize(("code", "advised"), [("NAME_UNKNOWN", "dget login"), ("MANIFEST_UNKNOWN", "dget tags")])
def test_a_repository_that_is_not_there_is_no_question_of_tags(code, advised):
    body = b'{"errors": [{"code": "%s"}]}' % code.encode()
    error = failure_of(Response(status=404, body=body), "r.example", now=NOW, subject="a:1")
    assert advised in (error.hint or "")


@pytest.mark.parametrize(
    "body", [b"", b"plain words", b"<html><body>x", b'{"errors": []}', b"\xff\x00", b'{"errors": 5}']
)
def test_any_error_body_can_be_told(body):
    assert failure_of(Response(status=500, body=body), "r.example", now=NOW).message.startswith(
        "r.example answered 500"
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        (str(int(NOW) + 90), 90.0),
        (str(int(NOW) - 90), 0.0),
        ("999999", 86400.0),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(value, seconds):
    assert retry_after(with_header("Retry-After", value), NOW) == seconds


def test_a_web_page_is_told_from_a_registrys_answer():
    assert is_web_page(Response(status=200, headers=with_header("Content-Type", "text/html; charset=utf-8")))
    assert is_web_page(Response(status=200, body=b"\n <!DOCTYPE html>"))
    assert not is_web_page(Response(status=200, body=b'{"a": 1}'))


def test_a_range_names_its_last_byte():
    assert range_header(0, 10) == "bytes=0-9"


@pytest.mark.parametrize(
    ("status", "value", "start", "fits"),
    [
        (206, "bytes 5-9/20", 5, True),
        (206, "bytes 5-7/20", 5, True),
        (206, "bytes 5-7/*", 5, True),
        (206, "bytes 4-9/20", 5, False),
        (206, "bytes 5-10/20", 5, False),
        (206, "bytes 5-9/21", 5, False),
        (206, "bytes 9-5/20", 5, False),
        (206, "", 5, False),
        (200, "", 0, True),
        (200, "", 5, False),
    ],
)
def test_a_body_must_begin_where_it_was_asked_to(status, value, start, fits):
    headers = with_header("Content-Range", value)
    if fits:
        check_range(status, headers, start=start, stop=10, size=20)
        return
    with pytest.raises((NetworkError, IntegrityError)):
        check_range(status, headers, start=start, stop=10, size=20)


URL = "https://r.example/v2/a/tags/list"


def test_the_next_page_is_found_and_another_host_is_refused():
    assert next_page(URL, with_header("Link", '</v2/a/tags/list?last=b&n=2>; rel="next"')) == f"{URL}?last=b&n=2"
    assert next_page(URL, with_header("Link", "<x>; rel=prev")) is None
    assert next_page(URL, Headers()) is None
    with pytest.raises(NetworkError, match="another host"):
        next_page(URL, with_header("Link", '<https://evil.example/x>; rel="next"'))


@pytest.mark.parametrize(
    ("limit", "remaining", "quota"),
    [
        ("100;w=21600", "76;w=21600", Quota(limit=100, remaining=76, window=21600)),
        ("100", "76", Quota(limit=100, remaining=76, window=0)),
        ("", "76", None),
        ("many", "76", None),
    ],
)
def test_the_quota_is_read_from_the_headers(limit, remaining, quota):
    headers = Headers.of([("RateLimit-Limit", limit), ("ratelimit-remaining", remaining)])
    assert Quota.from_headers(headers) == quota


def test_an_origin_is_scheme_host_and_port():
    assert origin("https://a.example/x") == ("https", "a.example", 443)
    assert origin("http://a.example:8080") == ("http", "a.example", 8080)
    with pytest.raises(NetworkError):
        origin("file:///etc/passwd")


@pytest.mark.parametrize(
    "location",
    [
        "http://cdn.example/x",
        "file:///etc/passwd",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://%31%32%37.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://localhost/x",
        "https://x.localhost./x",
    ],
)
def test_a_redirect_to_where_it_must_not_lead_is_refused(location):
    with pytest.raises(NetworkError):
        redirected("https://r.example/v2/", location)


def test_redirects_are_resolved_against_the_asked_url():
    assert redirected("https://r.example/v2/x", "/y?z") == "https://r.example/y?z"
    assert redirected("http://127.0.0.1:5000/v2/x", "http://127.0.0.2/y") == "http://127.0.0.2/y"


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://r.example", "http://auth.example/token"),
        ("https://r.example", "https://10.0.0.1/token"),
        ("https://r.example", "https://localhost/token"),
        ("https://10.0.0.1", "https://169.254.169.254/token"),
        ("https://10.0.0.1", "https://127.0.0.1/token"),
        ("http://127.0.0.1:5000", "http://169.254.169.254/token"),
        ("https://r.example", "file:///token"),
    ],
)
def test_a_realm_that_credentials_must_not_go_to_is_refused(registry, realm):
    with pytest.raises(NetworkError):
        check_realm(realm, registry)


def test_a_realm_on_the_registrys_own_private_host_is_fine():
    assert check_realm("https://10.0.0.1/token", "https://10.0.0.1")


@given(st.text(max_size=100))
def test_any_text_can_be_an_address_to_show_or_to_refuse(text):
    assert isinstance(show_url(text), str)
    try:
        redirected("https://r.example/v2/", text)
    except DgetError:
        return


def test_shown_addresses_hide_names_passwords_and_signatures():
    assert show_url("https://u:geheim@h.example/p?X-Amz-Signature=geheim") == "https://h.example/p?…"


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.1.1", True),
        ("8.8.8.8", False),
        ("harbor.corp", False),
        ("x.localhost", True),
    ],
)
def test_private_addresses_are_known(host, private):
    assert is_private_literal(host) is private


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.9", True), ("localhost", True), ("[::1]", True), ("10.0.0.1", False), ("a.example", False)],
)
def test_loopback_is_known(host, loopback):
    assert is_loopback(host) is loopback
