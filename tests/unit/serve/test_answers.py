"""What a read-only registry answers."""

import json
from urllib.parse import urljoin

import pytest
from hypothesis import given as for_any
from hypothesis.strategies import sampled_from, text

from dget.model import Digest
from dget.model.media_type import OCI_MANIFEST
from dget.protocol.http import Headers, Request
from dget.protocol.pagination import next_page
from dget.serve import MemoryContent, answer

MANIFEST = b'{"schemaVersion":2}'
BLOB = b"0123456789"
ABSENT = Digest.of(b"something else")


@pytest.fixture
def content():
    content = MemoryContent()
    content.add_blob(BLOB)
    content.add_manifest("team/app", MANIFEST, OCI_MANIFEST, "1.0", "1.1", "2.0", "latest")
    return content


def ask(content, path, method="GET", **headers):
    return answer(Request(url=path, method=method, headers=Headers.of(headers.items())), content)


def body(given):
    return b"".join(given.body)


def codes(given):
    return [error["code"] for error in json.loads(body(given))["errors"]]


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_base_says_that_this_is_a_registry(content, path):
    given = ask(content, path)
    assert (given.status, body(given)) == (200, b"{}")
    assert given.headers.get("Docker-Distribution-Api-Version") == "registry/2.0"


@pytest.mark.parametrize("selector", ["1.0", str(Digest.of(MANIFEST))])
def test_a_manifest_is_given_byte_for_byte_by_tag_and_by_digest(content, selector):
    given = ask(content, f"/v2/team/app/manifests/{selector}")
    assert (given.status, body(given)) == (200, MANIFEST)
    assert given.headers.get("Content-Type") == OCI_MANIFEST
    assert given.headers.get("Content-Length") == str(len(MANIFEST))
    assert given.headers.get("Docker-Content-Digest") == str(Digest.of(MANIFEST))


def test_a_digest_may_come_percent_encoded(content):
    path = f"/v2/team/app/blobs/{Digest.of(BLOB)}".replace(":", "%3A")
    assert body(ask(content, path)) == BLOB


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/team/app/manifests/1.0", f"/v2/team/app/blobs/{Digest.of(BLOB)}", "/v2/team/app/tags/list"]
)
def test_head_gets_the_headers_of_get(content, path):
    wanted, given = ask(content, path), ask(content, path, "HEAD")
    assert (given.status, given.headers) == (wanted.status, wanted.headers)


def test_a_whole_blob_says_that_it_can_be_had_in_parts(content):
    given = ask(content, f"/v2/team/app/blobs/{Digest.of(BLOB)}")
    assert (given.status, body(given)) == (200, BLOB)
    assert given.headers.get("Accept-Ranges") == "bytes"
    assert given.headers.get("Docker-Content-Digest") == str(Digest.of(BLOB))


@pytest.mark.parametrize(
    ("wanted", "said", "data"),
    [
        ("bytes=2-4", "bytes 2-4/10", b"234"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-2", "bytes 8-9/10", b"89"),
        ("bytes=5-500", "bytes 5-9/10", b"56789"),
    ],
)
def test_a_part_of_a_blob_says_which_it_is(content, wanted, said, data):
    given = ask(content, f"/v2/team/app/blobs/{Digest.of(BLOB)}", Range=wanted)
    assert (given.status, body(given)) == (206, data)
    assert given.headers.get("Content-Range") == said
    assert given.headers.get("Content-Length") == str(len(data))


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=-0"])
def test_a_part_beyond_the_end_is_told_the_size(content, wanted):
    given = ask(content, f"/v2/team/app/blobs/{Digest.of(BLOB)}", Range=wanted)
    assert (given.status, body(given)) == (416, b"")
    assert given.headers.get("Content-Range") == "bytes */10"


@pytest.mark.parametrize(("method", "wanted"), [("GET", "bytes=5-3"), ("GET", "lines=1-2"), ("HEAD", "bytes=2-4")])
def test_a_range_that_means_nothing_is_ignored(content, method, wanted):
    given = ask(content, f"/v2/team/app/blobs/{Digest.of(BLOB)}", method, Range=wanted)
    assert given.status == 200
    assert given.headers.get("Content-Length") == "10"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v2/team/app/manifests/3.0", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/team/app/manifests/{ABSENT}", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/team/app/blobs/{ABSENT}", 404, "BLOB_UNKNOWN"),
        ("/v2/team/other/manifests/1.0", 404, "NAME_UNKNOWN"),
        (f"/v2/team/other/blobs/{Digest.of(BLOB)}", 404, "NAME_UNKNOWN"),
        ("/v2/team/other/tags/list", 404, "NAME_UNKNOWN"),
        ("/v2/team/app/tags/other", 404, "NAME_UNKNOWN"),
        ("/v2/Team/app/tags/list", 404, "NAME_UNKNOWN"),
        ("/elsewhere", 404, "NAME_UNKNOWN"),
        ("http://[team/app", 400, "NAME_INVALID"),
        ("/v2/team/app/manifests/sha256:12", 400, "DIGEST_INVALID"),
        ("/v2/team/app/blobs/1.0", 400, "DIGEST_INVALID"),
        ("/v2/team/app/tags/list?n=-1", 400, "PAGINATION_NUMBER_INVALID"),
        (f"/v2/team/app/tags/list?n={'9' * 5000}", 400, "PAGINATION_NUMBER_INVALID"),
    ],
)
def test_an_error_has_the_specifications_code(content, path, status, code):
    given = ask(content, path)
    assert (given.status, codes(given)) == (status, [code])
    assert given.headers.get("Content-Type") == "application/json"


@for_any(
    sampled_from(["", "http://", "/v2/team/app/manifests/", "/v2/team/app/blobs/", "/v2/team/app/tags/list?n="]),
    text(alphabet="[]/:@?&=%1a\x00\xff\ud800", max_size=6),
)
def test_no_address_is_too_odd_for_an_answer(start, rest):
    content = MemoryContent()
    content.add_manifest("team/app", MANIFEST, OCI_MANIFEST, "1.0")
    assert ask(content, start + rest).status in (200, 400, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writes_are_refused_with_what_is_allowed(content, method):
    given = ask(content, "/v2/team/app/blobs/uploads/", method)
    assert (given.status, codes(given)) == (405, ["UNSUPPORTED"])
    assert given.headers.get("Allow") == "GET, HEAD"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 99])
def test_pages_of_any_size_hold_every_tag_once_in_order(content, count):
    url: str | None = f"http://registry.test/v2/team/app/tags/list?n={count}"
    tags = []
    while url:
        given = ask(content, url)
        page = json.loads(body(given))
        assert page["name"] == "team/app"
        assert len(page["tags"]) <= count
        tags += page["tags"]
        url = next_page(url, given.headers)
    assert tags == ["1.0", "1.1", "2.0", "latest"]


def test_a_list_goes_on_after_any_name(content):
    assert json.loads(body(ask(content, "/v2/team/app/tags/list?last=1.05")))["tags"] == ["1.1", "2.0", "latest"]


def test_a_page_of_nothing_leads_nowhere(content):
    given = ask(content, "/v2/team/app/tags/list?n=0")
    assert json.loads(body(given))["tags"] == []
    assert given.headers.get("Link") is None


def test_a_long_list_is_paged_unasked():
    content = MemoryContent()
    content.add_manifest("app", MANIFEST, OCI_MANIFEST, *(f"{number:04}" for number in range(1001)))
    given = ask(content, "/v2/app/tags/list")
    assert len(json.loads(body(given))["tags"]) == 1000
    rest = next_page("http://registry.test/v2/app/tags/list", given.headers)
    assert json.loads(body(ask(content, urljoin("/", rest))))["tags"] == ["1000"]
