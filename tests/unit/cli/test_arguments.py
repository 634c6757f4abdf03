"""The command line's rules."""

import subprocess
import sys

import pytest

from dget.cli.arguments import images, read
from dget.cli.dispatch import grammar
from dget.cli.main import main
from dget.cli.verbs import VERBS
from dget.errors import StorageError, UsageError

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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("config", "error: Missing argument 'show|path|init'. Choose from: show, path, init"),
        ("tags a b", "error: Got unexpected extra argument (b)"),
    ],
)
def test_what_is_wrong_with_a_verbs_words_is_one_line_and_its_help_is_named(words, said, capsys):
    assert main(words.split()) == UsageError.exit_status
    hint = f"hint: dget {words.split()[0]} --help shows how it is used"
    assert capsys.readouterr().err.splitlines() == [said, hint]


def test_a_file_that_the_system_refuses_is_named(capsys):
    name = "x" * 300
    assert main(["check", name]) == StorageError.exit_status
    assert f"error: {name}: File name too long" in capsys.readouterr().err


@pytest.mark.parametrize("said", ["1", "true"])
def test_the_environment_asks_for_json_and_for_tracebacks_too(said, monkeypatch, capsys):
    monkeypatch.setenv("DGET_JSON", said)
    monkeypatch.setenv("DGET_DEBUG", said)
    main(["-nonsense"])
    written = capsys.readouterr()
    assert '"code": "usage"' in written.out
    assert "Traceback" in written.err


@pytest.mark.parametrize("said", ["-json", "--json", "-json=1", "--json=t", "-json=T", "-json=TRUE", "-json=True"])
def test_whatever_way_json_is_asked_for_a_mistake_is_told_in_it(said, capsys):
    main([said, "-nonsense"])
    assert '"code": "usage"' in capsys.readouterr().out


def test_json_that_is_declined_is_not_written(capsys):
    main(["-json=0", "-nonsense"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("said", ["", "0", "false"])
def test_the_environment_may_decline_both(said, monkeypatch, capsys):
    monkeypatch.setenv("DGET_JSON", said)
    monkeypatch.setenv("DGET_DEBUG", said)
    main(["-nonsense"])
    written = capsys.readouterr()
    assert written.out == ""
    assert "Traceback" not in written.err


def test_the_default_verbs_options_mean_the_same_beside_every_verb():
    """A command line that the default verb's options explain is read without those of the others."""
    own, of_all = grammar(["pull"]), grammar()
    assert own.verbs == of_all.verbs
    assert not own.flags & (of_all.switches | of_all.valued)
    assert not own.switches & (of_all.flags | of_all.valued)
    assert not own.valued & (of_all.flags | of_all.switches)
    assert own.aliases.items() <= of_all.aliases.items()


def test_help_loads_no_verb_but_the_default_one_and_nothing_of_the_work():
    program = "import sys; from dget.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert loaded & {f"dget.cli.{verb}" for verb in VERBS} == {"dget.cli.pull"}
    rooms = ("model", "protocol", "transport", "store", "engine", "api", "serve")
    assert not loaded & {f"dget.{room}" for room in rooms}
