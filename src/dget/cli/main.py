"""The entry point: from the words of the command line to an exit status."""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from dget import __version__
from dget.cli import arguments
from dget.cli.cache import cache
from dget.cli.cat import cat
from dget.cli.check import check
from dget.cli.config import config
from dget.cli.cp import cp
from dget.cli.demo import demo
from dget.cli.doctor import doctor
from dget.cli.inspect import inspect
from dget.cli.login import login
from dget.cli.logout import logout
from dget.cli.ls import ls
from dget.cli.pull import pull
from dget.cli.quota import quota
from dget.cli.reported import Reported
from dget.cli.tags import tags
from dget.cli.units import clean
from dget.errors import DgetError, StorageError, UsageError

_SIGNALS = ("SIGHUP", "SIGINT", "SIGTERM")
VERBS: dict[str, click.Command] = {
    "pull": pull,
    "inspect": inspect,
    "tags": tags,
    "ls": ls,
    "cat": cat,
    "cp": cp,
    "check": check,
    "cache": cache,
    "login": login,
    "logout": logout,
    "quota": quota,
    "doctor": doctor,
    "config": config,
    "demo": demo,
}
_USAGE_HINT = "dget --help shows how it is used"


class Stopped(BaseException):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def main(argv: Sequence[str] | None = None) -> int:
    """Runs dget; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    _catch_signals()
    _open_closed_streams()
    try:
        return _run(words)
    except Reported as reported:
        return _fail(reported.error, words)
    except DgetError as error:
        _tell_scripts(error, words)
        return _fail(error, words)
    except Stopped as stopped:
        _end_interrupted(stopped.number)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does.
        return 128 + getattr(signal, "SIGPIPE", 13)
    except OSError as error:
        return _fail(StorageError(f"cannot write the result: {error.strerror or error}"), words)
    except Exception as error:
        if _debugging(words):
            raise
        defect = DgetError(
            f"dget has a defect: {type(error).__name__}: {error}", hint="please report it with the output of -debug"
        )
        return _fail(defect, words)
    finally:
        _flush_what_can_be()


def _run(words: Sequence[str]) -> int:
    line = arguments.read(words, grammar())
    if "--version" in line.options:
        sys.stdout.write(f"dget {__version__}\n")
        return 0
    if "--help" in line.options or not (line.words or line.explicit or _lists_images(line)):
        sys.stdout.write(help_text(line.verb if line.explicit else None))
        return 0 if "--help" in line.options else UsageError.exit_status
    options = [*line.options, *(["--explicit"] if line.verb == "pull" and line.explicit else [])]
    command = VERBS[line.verb]
    # Not command.main(): it would turn a Ctrl-C and a closed pipe into endings of its own.
    try:
        with command.make_context(f"dget {line.verb}", [*options, "--", *line.words]) as context:
            # What a verb returns is its exit status.
            status: int | None = command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error
    return status or 0


def _lists_images(line: arguments.CommandLine) -> bool:
    return any(one.startswith("--file=") for one in line.options) or bool(os.environ.get("DGET_FILE"))


def grammar() -> arguments.Grammar:
    """The options of all verbs: they may stand before the verb, so their kinds must be known without it."""
    flags = {"help", "version"}
    switches: set[str] = set()
    valued: set[str] = set()
    aliases = {"h": "help"}
    for command in VERBS.values():
        for option in command.params:
            if isinstance(option, click.Option):
                names = [name.lstrip("-") for name in option.opts]
                kind = flags if option.is_flag else switches if option.flag_value is True else valued
                kind.add(names[0])
                aliases |= dict.fromkeys(names[1:], names[0])
    return arguments.Grammar(
        verbs=frozenset(VERBS),
        flags=frozenset(flags),
        switches=frozenset(switches),
        valued=frozenset(valued),
        aliases=aliases,
    )


def help_text(verb: str | None) -> str:
    """Of one verb, or of dget: the default verb's, with the other verbs named."""
    command = VERBS[verb or arguments.DEFAULT_VERB]
    context = click.Context(command, info_name=f"dget {verb}" if verb else "dget")
    text = command.get_help(context)
    if verb:
        return f"{text}\n"
    verbs = "\n".join(f"  {name:<9}{one.short_help}" for name, one in VERBS.items())
    return f"{text}\n\nVerbs (dget VERB --help):\n{verbs}\n\nOptions may have one dash or two: -arch arm64, --arch arm64.\n"


def _fail(error: DgetError, words: Sequence[str]) -> int:
    if _debugging(words):
        import traceback

        traceback.print_exception(error)
    hint = error.hint or (_USAGE_HINT if isinstance(error, UsageError) else None)
    for label, text in (("error", error.message), ("hint", hint)):
        if text:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{label}: {clean(text)}\n")
    return error.exit_status


def _tell_scripts(error: DgetError, words: Sequence[str]) -> None:
    """The error as JSON, where the command line asked for JSON and did not even get as far as its verb."""
    if any(word in ("-json", "--json", "-json=true", "--json=true") for word in words) or os.environ.get("DGET_JSON"):
        from dget.cli.render import error_json

        sys.stdout.write(error_json(error))


def _debugging(words: Sequence[str]) -> bool:
    return any(word in ("-debug", "--debug", "-debug=true", "--debug=true") for word in words)


def _open_closed_streams() -> None:
    """A program that was started with its output closed (`>&-`) has None there: what is said goes nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the life of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115


def _flush_what_can_be() -> None:
    """What a closed or full stream does not take goes nowhere, and is no failure of the interpreter's end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _catch_signals() -> None:
    # What the caller ignores stays ignored: `nohup`, and the background jobs of scripts.
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(number: int, _: FrameType | None) -> None:
        # One is enough to end well, and a terminal that goes away sends several. A second Ctrl-C ends at once.
        for other in ours:
            signal.signal(other, signal.SIG_DFL if other == signal.SIGINT else signal.SIG_IGN)
        raise Stopped(number)

    for number in ours:
        signal.signal(number, stop)


def _end_interrupted(number: int) -> NoReturn:
    sys.stderr.write("stopped; what has arrived of an image is kept, and the same command goes on from there\n")
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread that hangs in a name look-up would hold up the interpreter's own end.
    os._exit(128 + number)
