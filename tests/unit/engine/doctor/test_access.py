"""What a registry's answers tell."""

from email.utils import formatdate

import pytest
from msgspec.structs import replace

from dget.engine.doctor.access import SignIn, access_findings, api_finding, clock_finding, quota_finding
from dget.engine.doctor.finding import Diagnosis, Finding, Grade
from dget.errors import DgetError, NetworkError, NotFound, StorageError, Unauthorized
from dget.protocol.http import Headers, Response
from dget.protocol.quota import Quota

NOW = 1_800_000_000.0
OPEN = Response(status=200)
BASIC = Response(status=401, headers=Headers.of([("WWW-Authenticate", 'Basic realm="x"')]))
BEARER = Response(status=401, headers=Headers.of([("WWW-Authenticate", 'Bearer realm="https://auth.example/token"')]))
REFUSED = Unauthorized("no", hint="check the name and the password")


def signed(service: str | None = None, error: DgetError | None = None) -> SignIn:
    return SignIn(registry="reg.example", service=service, seconds=0.05, error=error)


@pytest.mark.parametrize(
    ("response", "grade", "status"),
    [
        (OPEN, "ok", 0),
        (BEARER, "ok", 0),
        (replace(BASIC, body=b"<html>401"), "ok", 0),
        (Response(status=200, body=b"<!doctype html>"), "problem", 5),
        (Response(status=404), "problem", 3),
        (Response(status=429), "problem", 7),
        (Response(status=503), "problem", 5),
    ],
)
def test_a_registry_is_known_by_its_answer(response, grade, status):
    finding = api_finding("https://reg.example/v2/", response, now=NOW)
    assert (finding.grade, finding.exit_status) == (grade, status)


@pytest.mark.parametrize(
    ("skew", "grade", "said"), [(0, "ok", ""), (-299, "ok", ""), (-3600, "warning", "60 minutes behind"), (900, "warning", "15 minutes ahead of")]
)  # fmt: skip
def test_a_clock_that_differs_is_told(skew, grade, said):
    response = Response(status=200, headers=Headers.of([("Date", formatdate(NOW, usegmt=True))]))
    finding = clock_finding(response, now=NOW + skew)
    assert finding.grade == grade
    assert said in finding.text


@pytest.mark.parametrize("date", [None, "soon", "Thu, 99 Jan 1970"])
def test_a_registry_without_a_clock_is_fine(date):
    headers = Headers.of([("Date", date)] if date else [])
    assert clock_finding(Response(status=200, headers=headers), now=NOW).grade == "ok"


@pytest.mark.parametrize(
    ("challenge", "sign_in", "source", "last"),
    [
        (OPEN, signed(), None, ("credentials", "ok", "none are wanted")),
        (BASIC, signed(), "--username", ("credentials", "ok", "those of --username are taken")),
        (BASIC, signed(error=REFUSED), "--username", ("credentials", "problem", "reg.example refused the name or the password of --username")),
        (BASIC, signed(error=REFUSED), None, ("credentials", "problem", "no")),
        (BEARER, signed("auth.example"), None, ("credentials", "ok", "none; public images need none")),
        (BEARER, signed("auth.example", REFUSED), "a file", ("credentials", "problem", "auth.example refused the name or the password of a file")),
        (BEARER, signed("auth.example", REFUSED), None, ("credentials", "warning", "none, and auth.example gives nobody a token")),
        (BEARER, signed("auth.example", NetworkError("down")), None, ("token service", "problem", "down")),
        (BASIC, signed(error=NetworkError("down")), "a file", ("registry", "problem", "down")),
    ],
)  # fmt: skip
def test_it_is_told_who_refused_what(challenge, sign_in, source, last):
    finding = list(access_findings(challenge, sign_in, source))[-1]
    assert (finding.check, finding.grade, finding.text) == last


@pytest.mark.parametrize(
    ("remaining", "limit", "grade", "status"), [(50, 100, "ok", 0), (10, 40, "warning", 0), (10, 100, "warning", 0), (499, 5000, "warning", 0), (0, 100, "problem", 7)]
)  # fmt: skip
def test_a_quota_is_told_before_it_is_used_up(remaining, limit, grade, status):
    finding = quota_finding(Quota(limit=limit, remaining=remaining, window=21600))
    assert (finding.grade, finding.exit_status) == (grade, status)
    assert f"{remaining} of {limit} pulls left in 6 h" in finding.text


def test_the_first_problem_decides_the_exit_status_and_warnings_do_not():
    warning = Finding.warning("a", "b")
    problems = Finding.problem("c", StorageError("full")), Finding.problem("d", NotFound("gone"))
    assert Diagnosis(target="x", about={}, findings=(warning,)).exit_status == 0
    assert Diagnosis(target="x", about={}, findings=(warning, *problems)).exit_status == 8
    assert [one.grade for one in problems] == [Grade.PROBLEM] * 2
