"""What a 401 asks for."""

from hypothesis import given
from hypothesis import strategies as st

from dget.protocol.challenge import Challenge, parse_challenges


def test_several_challenges_may_share_one_header():
    value = 'Basic realm="x", Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"'
    assert parse_challenges([value]) == [
        Challenge("basic", {"realm": "x"}),
        Challenge("bearer", {"realm": "https://a/t", "service": "s", "scope": "repository:a:pull,push"}),
    ]


def test_several_headers_and_a_scheme_without_parameters():
    found = parse_challenges(["Negotiate", "Bearer realm=https://a/t"])
    assert [challenge.scheme for challenge in found] == ["negotiate", "bearer"]
    assert found[1].parameters == {"realm": "https://a/t"}


def test_quoted_pairs_and_odd_spaces_are_read():
    assert parse_challenges([r'  bEaReR   realm = "a\"b" ,service="s"']) == [
        Challenge("bearer", {"realm": 'a"b', "service": "s"})
    ]


@given(st.text(max_size=300))
def test_no_header_makes_it_fail(value):
    assert isinstance(parse_challenges([value]), list)
