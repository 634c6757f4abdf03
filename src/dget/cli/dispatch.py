"""From the words of the command line to the verb that they mean, or to its help."""

import os
import sys
from collections.abc import Iterable, Sequence

import click

from dget import __version__
from dget.cli import arguments
from dget.cli.verbs import VERBS, command_of
from dget.errors import UsageError


def run(words: Sequence[str]) -> int:
    """The exit status. Raises DgetError, and whatever else a verb ends with."""
    line = _read(words)
    if "--version" in line.options:
        sys.stdout.write(f"dget {__version__}\n")
        return 0
    if "--help" in line.options or not (line.words or line.explicit or _lists_images(line)):
        sys.stdout.write(help_text(line.verb if line.explicit else None))
        return 0 if "--help" in line.options else UsageError.exit_status
    options = [*line.options, *(["--explicit"] if line.verb == "pull" and line.explicit else [])]
    command = command_of(line.verb)
    # Not command.main(): it would turn a Ctrl-C and a closed pipe into endings of its own.
    try:
        with command.make_context(f"dget {line.verb}", [*options, "--", *line.words]) as context:
            # What a verb returns is its exit status.
            status: int | None = command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        # click lists choices in lines of their own.
        said = " ".join(error.format_message().split())
        raise UsageError(said, hint=f"dget {line.verb} --help shows how it is used") from error
    return status or 0


def _lists_images(line: arguments.CommandLine) -> bool:
    return any(one.startswith("--file=") for one in line.options) or bool(os.environ.get("DGET_FILE"))


def _read(words: Sequence[str]) -> arguments.CommandLine:
    """Raises UsageError."""
    try:
        return arguments.read(words, grammar([arguments.DEFAULT_VERB]))
    except UsageError:
        # An option of another verb, or of none: all have to be loaded to tell.
        return arguments.read(words, grammar(VERBS))


def grammar(verbs: Iterable[str] = VERBS) -> arguments.Grammar:
    """The options of verbs: they may stand before the verb, so their kinds must be known without it."""
    flags = {"help", "version"}
    switches: set[str] = set()
    valued: set[str] = set()
    aliases = {"h": "help"}
    for verb in verbs:
        for option in command_of(verb).params:
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
    command = command_of(verb or arguments.DEFAULT_VERB)
    context = click.Context(command, info_name=f"dget {verb}" if verb else "dget")
    text = command.get_help(context)
    if verb:
        return f"{text}\n"
    verbs = "\n".join(f"  {name:<9}{purpose}" for name, purpose in VERBS.items())
    return f"{text}\n\nVerbs (dget VERB --help):\n{verbs}\n\nOptions may have one dash or two: -arch arm64, --arch arm64.\n"
