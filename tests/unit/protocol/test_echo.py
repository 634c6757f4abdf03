"""Servers that repeat what they were sent."""

import base64

import pytest

from dget.protocol.echo import without_echo
from dget.protocol.http import Headers, Request, Response

BASIC = base64.b64encode(b"me:ge heim").decode()
FORM = Headers.of([("Content-Type", "application/x-www-form-urlencoded")])


def authorized(value: str) -> Request:
    return Request(url="https://r.example/v2/", headers=Headers.of([("Authorization", value)]))


@pytest.mark.parametrize(
    ("request_", "secrets"),
    [
        (authorized("Bearer eyJ.abc.def"), ["eyJ.abc.def"]),
        (authorized(f"Basic {BASIC}"), [BASIC, "me:ge heim", "ge heim"]),
        (authorized("Basic !!not-base-64"), ["!!not-base-64"]),
        (Request(url="https://cdn.example/b?X-Amz-Signature=ab%2Fcd12&X-Amz-Date=x"), ["ab%2Fcd12", "ab/cd12"]),
        (
            Request(url="https://a.example/token", headers=FORM, body=b"service=s&refresh_token=ge%2Bheim"),
            ["ge%2Bheim", "ge+heim"],
        ),
    ],
)
def test_an_error_says_nothing_secret_of_its_request(request_, secrets):
    for secret in secrets:
        body = f"you sent {secret}, which is wrong".encode()
        told = without_echo(Response(status=403, body=body), request_).body
        assert told == b"you sent ***, which is wrong"


def test_what_is_no_secret_is_left():
    request = Request(url="https://a.example/token?service=registry.example&scope=repository:app:pull&n=1")
    body = b"registry.example knows no repository:app:pull; 1 of 1"
    assert without_echo(Response(status=404, body=body), request).body == body


def test_an_answer_that_is_no_error_is_left_as_it_is():
    body = b'{"token": "eyJ.abc.def"}'
    assert without_echo(Response(status=200, body=body), authorized("Bearer eyJ.abc.def")).body == body
