"""The command line's rules."""

import pytest

from dget.cli.arguments import images, read
from dget.cli.main import grammar
from dget.errors import UsageError

GRAMMAR = grammar()


def meaning(text: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    line = read(text.split(), GRAMMAR)
    return line.verb, line.options, line.words


@pytest.mark.parametrize(
    ("text", "verb", "options", "words"),
    [
        ("nginx", "pull", (), ("nginx",)),
        ("-arch arm64 inspect nginx", "inspect", ("--platform=arm64",), ("nginx",)),
        ("inspect nginx -arch arm64", "inspect", ("--platform=arm64",), ("nginx",)),
        ("--arch=arm64 nginx", "pull", ("--platform=arm64",), ("nginx",)),
        ("-output x nginx", "pull", ("--output=x",), ("nginx",)),
        ("-o x nginx", "pull", ("--output=x",), ("nginx",)),
        ("-print=true nginx", "pull", ("--print",), ("nginx",)),
        ("-print=false nginx", "pull", (), ("nginx",)),
        ("-insecure nginx", "pull", ("--insecure",), ("nginx",)),
        ("-insecure=false nginx", "pull", ("--insecure=false",), ("nginx",)),
        ("-print nginx", "pull", ("--print",), ("nginx",)),
        ("pull inspect", "pull", (), ("inspect",)),
        ("nginx -o -", "pull", ("--output=-",), ("nginx",)),
        ("-q nginx -- -odd", "pull", ("--quiet",), ("nginx", "-odd")),
        ("-registry quay.io -username u -password p a/b", "pull",
         ("--registry=quay.io", "--username=u", "--password=p"), ("a/b",)),
        ("-password -p nginx", "pull", ("--password=-p",), ("nginx",)),
        ("-password a=b nginx", "pull", ("--password=a=b",), ("nginx",)),
        ("-debug tags nginx", "tags", ("--debug",), ("nginx",)),
    ],
)  # fmt: skip
def test_dashes_verbs_and_values_mean_what_they_should(text, verb, options, words):
    assert meaning(text) == (verb, options, words)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("-ox.tar nginx", "a value stands apart: -o x.tar"),
        ("-outptu x nginx", "did you mean --output?"),
        ("--platfrom arm64 nginx", "did you mean --platform?"),
        ("-zzzzzz nginx", "dget --help lists the options"),
    ],
)
def test_an_unknown_option_is_refused_with_a_way_out(text, hint):
    with pytest.raises(UsageError) as caught:
        meaning(text)
    assert caught.value.hint == hint


@pytest.mark.parametrize("text", ["nginx -o", "nginx -print=maybe"])
def test_a_missing_or_odd_value_is_refused(text):
    with pytest.raises(UsageError):
        meaning(text)


@pytest.mark.parametrize(
    ("words", "explicit", "found"),
    [
        (["nginx", "latest"], False, ["nginx:latest"]),
        (["quay.io:443/a/b", "1"], False, ["quay.io:443/a/b:1"]),
        (["nginx:1", "redis"], False, ["nginx:1", "redis"]),
        (["nginx", "redis:7"], False, ["nginx", "redis:7"]),
        (["nginx", "bitnami/redis"], False, ["nginx", "bitnami/redis"]),
        (["nginx@sha256:aa", "x"], False, ["nginx@sha256:aa", "x"]),
        (["nginx", "latest"], True, ["nginx", "latest"]),
        (["a", "b", "c"], False, ["a", "b", "c"]),
    ],
)
def test_the_originals_second_form_names_a_tag(words, explicit, found):
    assert images(words, explicit=explicit) == found
